import { Agent, request } from 'node:http'

/** How a request went; times are in milliseconds. */
export interface Answer {
  at: number
  took: number
  /** 0 where there was no answer. */
  status: number
}

/**
 * Callers that send a photo, wait for the answer, and send the next one, until the work is done. No two of them send the
 * same photo.
 */
export async function callDuring(
  url: string,
  photos: readonly Buffer[],
  callers: number,
  work: () => Promise<unknown>
): Promise<Answer[]> {
  const agent = new Agent({ keepAlive: true })
  const answers: Answer[] = []
  let done = false
  async function call(own: readonly Buffer[]): Promise<void> {
    for (let i = 0; !done; i = (i + 1) % own.length) answers.push(await send(url, own[i]!, agent))
  }
  const each = Math.floor(photos.length / callers)
  const calling = Array.from({ length: callers }, (_, i) => call(photos.slice(i * each, (i + 1) * each)))
  await work().finally(() => {
    done = true
  })
  await Promise.all(calling)
  agent.destroy()
  return answers
}

function send(url: string, photo: Buffer, agent: Agent): Promise<Answer> {
  const began = performance.now()
  const headers = { 'content-type': 'image/jpeg', 'content-length': photo.length }
  return new Promise((resolve) => {
    const end = (status: number) => {
      const at = performance.now()
      resolve({ at, took: at - began, status })
    }
    request(url, { method: 'POST', agent, headers }, (response) => {
      response
        .resume()
        .on('end', () => end(response.statusCode!))
        .on('error', () => end(0))
    })
      .on('error', () => end(0))
      .end(photo)
  })
}

/** Answers that come within so many milliseconds of each other are those of one batch. */
const SAME_BATCH_MS = 10

/**
 * Answers a second. They come a batch at a time: counted is from the end of an early batch to the end of a late one, so that
 * no half batch is counted whole or not at all.
 */
export function answerRate(answers: readonly Answer[]): number {
  const ends = answers.map(({ at }) => at).sort((a, b) => a - b)
  const lastOfBatch = ends.flatMap((at, i) => (ends[i + 1]! - at > SAME_BATCH_MS ? [i] : []))
  // What is under way at the beginning and at the end is less than usual.
  const skipped = Math.min(3, Math.floor(lastOfBatch.length / 4))
  if (lastOfBatch.length < 2) throw new Error(`${answers.length} answers are too few to tell batches apart`)
  const first = lastOfBatch[skipped]!
  const last = lastOfBatch.at(-1 - skipped)!
  return ((last - first) / (ends[last]! - ends[first]!)) * 1000
}
