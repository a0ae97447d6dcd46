import { EdgeloopError } from '../../lib/errors/index.ts'

/** Room for what requests bring along, so that many large ones at a time cannot take a node's memory. */
export interface Admission {
  /**
   * Does what a request asks for. Its room is taken before a body is read, and given back when it is answered; one that is
   * alone is always let in.
   *
   * @param bytes the most that it takes in memory
   * @throws EdgeloopError OVERLOADED where there is no room
   */
  admit<T>(bytes: number, work: () => Promise<T>): Promise<T>
}

export function createAdmission(maxBytes: number): Admission {
  let taken = 0
  return {
    async admit(bytes, work) {
      if (taken > 0 && taken + bytes > maxBytes)
        throw new EdgeloopError('OVERLOADED', `requests hold ${taken} of ${maxBytes} bytes`, {
          where: 'MAX_HELD_BYTES',
          hint: 'try again in a moment',
        })
      taken += bytes
      try {
        return await work()
      } finally {
        taken -= bytes
      }
    },
  }
}

/** What a request's body may have, from what it says about itself; what it says is not trusted beyond the limit. */
export function announcedBytes({ headers }: Request, limit: number): number {
  const announced = Number(headers.get('content-length') ?? Number.NaN)
  return announced >= 0 && announced <= limit ? announced : limit
}
