import { EdgeloopError } from '../../lib/errors/index.ts'

/** What one request holds in memory. */
export interface Holding {
  /**
   * So many more bytes have come; a request that is alone may hold whatever it brings.
   * @throws EdgeloopError OVERLOADED where all requests together would hold too many
   */
  take(bytes: number): void
  /** It holds so many, and no more: what it took to read them has gone. */
  keep(bytes: number): void
}

/** Bounds what requests hold together, as it arrives: who announces much and sends nothing keeps nobody else out. */
export interface Admission {
  /** Does what a request asks for, and gives back what it held then. */
  admit<T>(work: (holding: Holding) => Promise<T>): Promise<T>
}

export function createAdmission(maxBytes: number): Admission {
  let total = 0
  return {
    async admit(work) {
      let own = 0
      const set = (bytes: number) => {
        total += bytes - own
        own = bytes
      }
      try {
        return await work({
          take(bytes) {
            if (total > own && total + bytes > maxBytes)
              throw new EdgeloopError('OVERLOADED', `requests hold ${total} of ${maxBytes} bytes`, {
                where: 'MAX_HELD_BYTES',
                hint: 'try again in a moment',
              })
            set(own + bytes)
          },
          keep: set,
        })
      } finally {
        set(0)
      }
    },
  }
}
