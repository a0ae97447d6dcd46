/**
 * Asks for the next value only when the one before has gone out: a slow reader holds nothing but itself up.
 * @param leaving is aborted when the reader leaves
 */
export function writeNdjson(
  values: AsyncIterable<unknown>,
  leaving: AbortController
): ReadableStream<Uint8Array> {
  const iterator = values[Symbol.asyncIterator]()
  const encoder = new TextEncoder()
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await iterator.next()
        if (done) controller.close()
        else controller.enqueue(encoder.encode(`${JSON.stringify(value)}\n`))
      },
      async cancel() {
        leaving.abort()
        await iterator.return?.()
      },
    },
    { highWaterMark: 0 }
  )
}
