import { z } from 'zod'
import type { Database } from '../../lib/database/index.ts'

/** Whether there is a copy of a photo in the cloud. */
type Kind = 'copy' | 'only'

/** A photo as it is pinned. */
export interface Pin {
  photo: string
  /** The edge's own number for it. */
  sequence: number
  kind: Kind
}

/** What pinned photos take, and may take, in bytes. */
export interface PinnedBytes {
  bytes: number
  maxBytes: number
}

/**
 * Photos that stay although nothing waits for them any more. They may not take the whole disk: above a bound some of them may
 * go after all. The `…Sync` methods are for use inside `database.transaction`.
 */
export interface Pins {
  /** @param bytes that the photo's file has */
  putSync(pin: Pin, bytes: number): void
  removeSync(pin: Pin): void
  has(pin: Pin): boolean
  /** Those of a kind that are too many, in the order in which they may go: the oldest first, and no `only` while there is a copy of any. */
  surplus(kind: Kind): Generator<string>
  bytes(): PinnedBytes
}

const ORDER: readonly Kind[] = ['copy', 'only']

const count = z.int().nonnegative()

/** @param maxBytes what they may take together; asked whenever it matters */
export function createPins(database: Database, maxBytes: () => number): Pins {
  /** [kind, sequence, photo] → bytes */
  const pinned = database.table('photos.pinned', count)
  /** kind → bytes of all of them */
  const totals = database.table('photos.pinned-bytes', count)
  const keyOf = ({ kind, sequence, photo }: Pin) => [ORDER.indexOf(kind), sequence, photo]
  const keysOf = (kind: Kind) => {
    const rank = ORDER.indexOf(kind)
    return pinned.keys({ from: [rank], to: [rank + 1] })
  }

  function countAgain(kind: Kind): number {
    let bytes = 0
    for (const key of keysOf(kind)) bytes += pinned.get(key) ?? 0
    return bytes
  }

  function total(kind: Kind): number {
    const found = totals.read(kind)
    return found?.corrupt ? countAgain(kind) : (found?.value ?? 0)
  }

  /** After the change itself, because counting again sees it, too. */
  function changeSync(kind: Kind, by: number | undefined): void {
    const found = totals.read(kind)
    const isKnown = !found?.corrupt && by !== undefined
    totals.putSync(kind, isKnown ? (found?.value ?? 0) + by : countAgain(kind))
  }

  const removeSync: Pins['removeSync'] = (pin) => {
    const key = keyOf(pin)
    const found = pinned.read(key)
    if (!found) return
    pinned.removeSync(key)
    changeSync(pin.kind, found.corrupt ? undefined : -found.value)
  }

  const bytes = () => ({ bytes: total('copy') + total('only'), maxBytes: Math.floor(maxBytes()) })

  return {
    removeSync,
    bytes,
    has: (pin) => pinned.has(keyOf(pin)),

    putSync(pin, size) {
      removeSync(pin)
      pinned.putSync(keyOf(pin), size)
      changeSync(pin.kind, size)
    },

    *surplus(kind) {
      const { bytes: all, maxBytes: most } = bytes()
      let left = kind === 'copy' ? all : total('only')
      for (const key of keysOf(kind)) {
        if (left <= most) return
        left -= pinned.get(key) ?? 0
        yield String((key as (string | number)[])[2])
      }
    },
  }
}
