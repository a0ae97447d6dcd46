import type { z } from 'zod'
import { EdgeloopError } from '../errors/index.ts'

/** Longer than any line that is written here; whoever sends more is not believed. */
const MAX_LINE = 1024 * 1024

/**
 * The values of a stream, one after the other; nothing is read ahead of whoever asks but the piece that the line is in.
 * @throws EdgeloopError BAD_GATEWAY for a line that is none
 */
export async function* readNdjson<S extends z.ZodType>(
  stream: ReadableStream<Uint8Array>,
  schema: S
): AsyncGenerator<z.output<S>> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const piece of stream) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n')
    rest = lines.pop()!
    if (rest.length > MAX_LINE) throw unreadable(rest)
    for (const line of lines) if (line.trim() !== '') yield read(line, schema)
  }
  if (rest.trim() !== '') yield read(rest, schema)
}

function read<S extends z.ZodType>(line: string, schema: S): z.output<S> {
  try {
    return schema.parse(JSON.parse(line))
  } catch (cause) {
    throw unreadable(line, cause)
  }
}

const unreadable = (line: string, cause?: unknown) =>
  new EdgeloopError('BAD_GATEWAY', 'a line of the answer cannot be read', { where: line.slice(0, 80), cause })
