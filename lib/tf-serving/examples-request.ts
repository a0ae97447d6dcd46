import {
  elements,
  findMember,
  type JsonDocument,
  Kind,
  members,
  ROOT,
  sizeOf,
  textOf,
  typeName,
} from './document.ts'
import { ObjectBudget } from './limits.ts'
import { isBase64, readBase64 } from './read-base64.ts'
import { formatError, type JsonRequest } from './read-request.ts'
import type { Example } from './servable.ts'
import { invalidArgument } from './serving-error.ts'
import type { Slices } from './slices.ts'

/** So many values are read between two places where the reader may be interrupted: about a millisecond. */
const READ = 2 ** 12

/**
 * Reads the examples of a classify or regress request. What is in `context` belongs to each of them; where both have a
 * feature, the example's own counts.
 * https://www.tensorflow.org/tfx/serving/api_rest#classify_and_regress_api
 *
 * @throws ServingError INVALID_ARGUMENT
 */
export function* readExamples({ document }: JsonRequest): Slices<Example[]> {
  const budget = new ObjectBudget()
  const contextNode = findMember(document, ROOT, 'context')
  const context = contextNode === undefined ? [] : yield* readFeatures(document, contextNode, budget)
  const node = findMember(document, ROOT, 'examples')
  if (node === undefined) {
    throw formatError(document, "When method is classify, key 'examples' is expected and was not found")
  }
  if (document.kinds[node] !== Kind.ARRAY) {
    throw formatError(document, "Expecting 'examples' value to be an list/array")
  }
  if (sizeOf(document, node) === 0) throw formatError(document, "'examples' value is an empty array")
  const examples: Example[] = []
  for (const element of elements(document, node)) {
    const own = yield* readFeatures(document, element, budget)
    // The context is copied to each example.
    for (let i = 0; i < context.length; i++) budget.take()
    yield
    examples.push(Object.assign(Object.create(null), Object.fromEntries([...context, ...own])))
  }
  return examples
}

type Feature = [name: string, values: Example[string]]

function* readFeatures(document: JsonDocument, node: number, budget: ObjectBudget): Slices<Feature[]> {
  if (document.kinds[node] !== Kind.OBJECT) {
    throw invalidArgument(`Example must be JSON object but got JSON ${typeName(document, node)}`)
  }
  budget.take()
  const features: Feature[] = []
  for (const [name, content] of members(document, node)) {
    budget.take()
    features.push([name, yield* featureValues(document, name, content, budget)])
    yield
  }
  return features
}

function* featureValues(
  document: JsonDocument,
  name: string,
  content: number,
  budget: ObjectBudget
): Slices<Example[string]> {
  const list = document.kinds[content] === Kind.ARRAY ? elements(document, content) : [content]
  const values: Example[string] = []
  let type: FeatureType | undefined
  for (const value of list) {
    const [valueType, read] = yield* featureValue(document, name, value, budget)
    if (type !== undefined && type !== valueType) {
      throw invalidArgument(`Unexpected element type in feature: ${name} expecting type: ${type}`)
    }
    type = valueType
    if (values.push(read) % READ === 0) yield
  }
  return values
}

/** What a feature's values are, all of them. */
type FeatureType = 'bytes' | 'float' | 'int64'

function* featureValue(
  document: JsonDocument,
  name: string,
  node: number,
  budget: ObjectBudget
): Slices<[type: FeatureType, value: Example[string][number]]> {
  const { kinds, numbers, bigs } = document
  switch (kinds[node]) {
    case Kind.FALSE:
      return ['int64', 0]
    case Kind.TRUE:
      return ['int64', 1]
    case Kind.INTEGER:
      return ['int64', numbers[node]!]
    case Kind.BIG_INTEGER: {
      const value = bigs[numbers[node]!]!
      if (value >= 2n ** 63n) {
        throw invalidArgument(`Feature: ${name} has uint64_t element. Only int64_t is supported.`)
      }
      return ['int64', Number(value)]
    }
    case Kind.DOUBLE:
      return ['float', Math.fround(numbers[node]!)]
    case Kind.STRING:
      budget.take()
      return ['bytes', textOf(document, node)]
    case Kind.OBJECT:
      if (isBase64(document, node)) {
        budget.take()
        return ['bytes', yield* readBase64(document, node)]
      }
  }
  throw invalidArgument(`Feature: ${name} has element with unexpected JSON type: ${typeName(document, node)}`)
}
