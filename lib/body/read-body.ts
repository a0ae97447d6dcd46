import { EdgeloopError } from '../errors/index.ts'

export interface BodyLimit {
  /** What is being read, as the subject of a message: "the photo". */
  what: string
  maxBytes: number
  /** What the sender of a larger one can do. */
  hint: string
  /** So many more bytes have come, and are about to be kept. What it throws ends the reading. */
  onBytes?(count: number): void
}

/**
 * Reads a body as it arrives, and stops at the limit: a length may be announced wrongly, or not at all.
 *
 * @throws EdgeloopError TOO_LARGE past the limit, what `onBytes` throws, UNAVAILABLE when the body breaks off: nobody is to blame for a line
 *   that breaks, and the same thing may arrive whole the next time
 */
export async function readBody(
  message: Request | Response,
  { what, maxBytes, hint, onBytes }: BodyLimit
): Promise<Uint8Array<ArrayBuffer>> {
  const tooLarge = () =>
    new EdgeloopError('TOO_LARGE', `${what} has more than ${maxBytes} bytes`, { where: 'body', hint })
  if (Number(message.headers.get('content-length') ?? 0) > maxBytes) {
    await message.body?.cancel().catch(() => {})
    throw tooLarge()
  }
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of message.body ?? []) {
      size += chunk.length
      if (size > maxBytes) throw tooLarge()
      onBytes?.(chunk.length)
      chunks.push(chunk)
    }
  } catch (cause) {
    if (cause instanceof EdgeloopError) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new EdgeloopError('UNAVAILABLE', `${what} broke off on its way: ${reason}`, {
      where: 'body',
      cause,
    })
  }
  const bytes = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}
