import { decimal } from './decimal.ts'
import { PrettyWriter } from './pretty-writer.ts'
import { invalidArgument } from './serving-error.ts'

/**
 * Writes the classes of each example, as pairs of label and score.
 * @throws ServingError INVALID_ARGUMENT where there are not as many lists as examples
 */
export function classifyResponse(results: { label: string; score: number }[][], examples: number): string {
  if (results.length !== examples) {
    throw invalidArgument(`Expected classes output batch size of ${examples}. Got: ${results.length}`)
  }
  return resultsResponse((writer) => {
    writer.startArray()
    for (const classes of results) {
      writer.singleLineArrays = true
      writer.startArray()
      for (const { label, score } of classes) {
        writer.startArray()
        writer.string(label)
        writer.raw(float(score))
        writer.endArray()
      }
      writer.endArray()
      writer.singleLineArrays = false
    }
    writer.endArray()
  })
}

/**
 * Writes a number for each example.
 * @throws ServingError INVALID_ARGUMENT where there are not as many numbers as examples
 */
export function regressResponse(results: number[], examples: number): string {
  if (results.length !== examples) {
    throw invalidArgument(
      `Input batch size did not match output batch size: ${examples} vs. ${results.length}`
    )
  }
  return resultsResponse((writer) => {
    writer.singleLineArrays = true
    writer.startArray()
    for (const result of results) writer.raw(float(result))
    writer.endArray()
  })
}

/** The documentation says `result`; the server says `results`. */
function resultsResponse(write: (writer: PrettyWriter) => void): string {
  const writer = new PrettyWriter()
  writer.startObject()
  writer.string('results')
  write(writer)
  writer.endObject()
  return writer.toString()
}

function float(value: number): string {
  return decimal(Math.fround(value), true)
}
