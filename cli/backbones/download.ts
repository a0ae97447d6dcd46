import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import type { PublishedWeights } from '../../lib/backbone/index.ts'
import { EdgeloopError } from '../../lib/errors/index.ts'

const HINT = 'Get the file another way, and give it with --from FILE.'

/**
 * Downloads published weights to a file, and verifies them.
 *
 * @param onProgress bytes so far, and of how many where the server says so
 * @throws EdgeloopError UNAVAILABLE when the server is out of reach or breaks off, BAD_GATEWAY when it answers something
 *   else, CORRUPT when other bytes come; the signal's reason. The file is then not to be used
 */
export async function download(
  { url, md5 }: PublishedWeights,
  file: string,
  onProgress: (done: number, total: number | undefined) => void,
  signal: AbortSignal
): Promise<void> {
  const response = await fetch(url, { signal }).catch((cause: unknown) => {
    signal.throwIfAborted()
    throw new EdgeloopError('UNAVAILABLE', `${new URL(url).host} is out of reach: ${reasonOf(cause)}`, {
      where: url,
      hint: HINT,
      cause,
    })
  })
  if (!response.ok || !response.body) {
    await response.body?.cancel()
    throw new EdgeloopError('BAD_GATEWAY', `the server answers ${response.status}`, {
      where: url,
      hint: HINT,
    })
  }
  const total = Number(response.headers.get('content-length')) || undefined
  const hash = createHash('md5')
  let done = 0
  async function* watch(chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      hash.update(chunk)
      done += chunk.length
      onProgress(done, total)
      yield chunk
    }
  }
  try {
    await pipeline(watch(response.body), createWriteStream(file), { signal })
  } catch (cause) {
    signal.throwIfAborted()
    // The disk's own errors say what is wrong with it.
    if ((cause as NodeJS.ErrnoException).syscall === 'write') throw cause
    const of = total === undefined ? '' : ` of ${total}`
    throw new EdgeloopError('UNAVAILABLE', `the download broke off after ${done}${of} bytes`, {
      where: url,
      hint: `Try again. ${HINT}`,
      cause,
    })
  }
  const found = hash.digest('hex')
  if (found !== md5)
    throw new EdgeloopError(
      'CORRUPT',
      `other bytes came than were published: MD5 ${found}, expected ${md5}`,
      {
        where: url,
        hint: HINT,
      }
    )
}

/** What the network says is a level below what fetch says. */
function reasonOf(thrown: unknown): string {
  const { cause, message } = thrown as Error
  return (cause instanceof Error && (cause.message || (cause as NodeJS.ErrnoException).code)) || message
}
