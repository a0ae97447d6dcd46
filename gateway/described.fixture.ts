/**
 * For tests: whether an answer is what a gateway's own /openapi.json says.
 * @module
 */
import { z } from 'zod'

type Json = Record<string, unknown>

interface Description {
  paths: Record<
    string,
    Record<string, { responses: Record<string, { content?: Record<string, { schema: Json }> }> }>
  >
  components: { schemas: Record<string, Json> }
}

/** Throws when an answer has a status or a body that is not described; other paths may answer what they like. */
export type Check = (method: string, path: string, response: Response) => Promise<void>

export async function describedBy(gateway: string): Promise<Check> {
  const description = (await (await fetch(new URL('/openapi.json', gateway))).json()) as Description
  const schemas = new Map<string, z.ZodType>()
  const routes = Object.entries(description.paths).map(([path, methods]) => ({
    matches: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
    path,
    methods,
  }))
  const schemaOf = (key: string, schema: Json) => {
    const known = schemas.get(key)
    if (known) return known
    const made = z.fromJSONSchema(strict(schema, description.components.schemas) as never)
    schemas.set(key, made)
    return made
  }

  return async (method, path, response) => {
    const route = routes.find(({ matches }) => matches.test(path))
    if (!route) return
    const operation = route.methods[method.toLowerCase()]
    // A method that is not here is answered as if the path was not.
    const described = operation?.responses[response.status]
    const where = `${method} ${route.path} ${response.status}`
    if (!operation && response.status === 404) return
    if (!described) throw new Error(`${where} is not described`)
    const text = await response.clone().text()
    const [type, { schema } = {}] = Object.entries(described.content ?? {})[0] ?? []
    if (!schema || type === undefined) {
      if (text !== '') throw new Error(`${where} has a body that is not described: ${text}`)
      return
    }
    const given = response.headers.get('content-type')?.split(';')[0]
    if (given !== type) throw new Error(`${where} is ${given} and not ${type}`)
    const values = type === 'application/json' ? [text] : text.split('\n').filter((line) => line !== '')
    for (const value of values) {
      const { error } = schemaOf(where, schema).safeParse(JSON.parse(value))
      if (error) throw new Error(`${where} is not what is described: ${z.prettifyError(error)}: ${value}`)
    }
  }
}

/** References replaced by what they mean, and nothing allowed that is not named. */
function strict(schema: unknown, named: Record<string, Json>): unknown {
  if (Array.isArray(schema)) return schema.map((each) => strict(each, named))
  if (typeof schema !== 'object' || schema === null) return schema
  const { $ref, ...rest } = schema as Json
  if (typeof $ref === 'string') return strict(named[$ref.replace('#/components/schemas/', '')], named)
  const inner = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, strict(value, named)]))
  return 'properties' in inner && !('additionalProperties' in inner) && !('allOf' in inner)
    ? { ...inner, additionalProperties: false }
    : inner
}
