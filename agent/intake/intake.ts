import { z } from 'zod'
import type { Database, Table } from '../../lib/database/index.ts'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { createEvent } from '../../lib/events/index.ts'
import { deviceNameSchema } from '../../lib/messages/index.ts'
import { MAX_PHOTO_BYTES, photoHash, SMALLER_PHOTO } from '../../lib/photo/index.ts'
import type { Connector } from '../connector/index.ts'
import type { DecisionIndex } from '../decision-index/index.ts'
import { type DiskBound, mediaTypeOf, type PhotoLedger, type PhotoStore } from '../photo-store/index.ts'

/** The edge's own number of each photo that it ever took in. */
export type Sequences = Table<number>

export const openSequences = (database: Database): Sequences =>
  database.table('intake.sequences', z.int().positive())

export interface IntakeOptions {
  edge: string
  database: Database
  sequences: Sequences
  photos: PhotoStore
  ledger: PhotoLedger
  bound: DiskBound
  decisions: DecisionIndex
  connector: Pick<Connector, 'publishSync'>
}

/** A photo that is on this edge's disk, with the event that will carry it on. */
export interface Received {
  photo: string
  /** The edge's own number for it. */
  sequence: number
  /** Whether it had come before. */
  repeated: boolean
}

/** Takes photos in. */
export interface Intake {
  /**
   * When it resolves, photo and event are on disk. A photo that has come before, and that nothing here needs any more, is
   * not stored again: what was decided about it stands.
   * @throws EdgeloopError INVALID_INPUT for an empty photo or an unusable name, TOO_LARGE; OVERLOADED when there is no room
   *   for it now; whatever the disk says otherwise
   */
  receive(device: string, bytes: Uint8Array): Promise<Received>
}

export function createIntake(options: IntakeOptions): Intake {
  const { edge, database, sequences, photos, ledger, bound, decisions, connector } = options

  /** How many are storing a photo at this moment: each counts on the same file. */
  const storing = new Map<string, number>()

  /** Inside a transaction: the photo's number, and whether it is a new one. */
  function numberSync(photo: string, size: number): Omit<Received, 'photo'> {
    const known = sequences.get(photo)
    if (known !== undefined) return { sequence: known, repeated: true }
    decisions.capturedSync(photo, size)
    const sequence = decisions.counters().captured
    sequences.putSync(photo, sequence)
    ledger.keepSync(photo, sequence)
    return { sequence, repeated: false }
  }

  /** The file is on disk already, where one is needed. */
  function writeDown(device: string, hash: string, bytes: Uint8Array): Promise<Received> {
    const size = bytes.length
    return database.transaction(() => {
      const { sequence, repeated } = numberSync(hash, size)
      if (!repeated) {
        const photo = { hash, size, mediaType: mediaTypeOf(bytes) ?? 'application/octet-stream' }
        const data = { edge, device, sequence, photo }
        connector.publishSync(createEvent('photo.captured', `edges/${edge}/agent`, [hash], data), 'refuse')
      }
      return { photo: hash, sequence, repeated }
    })
  }

  async function storeAndWriteDown(device: string, hash: string, bytes: Uint8Array): Promise<Received> {
    storing.set(hash, (storing.get(hash) ?? 0) + 1)
    try {
      await photos.put(bytes, hash)
      return await writeDown(device, hash, bytes)
    } catch (error) {
      // Refused, it must not take room: on a full disk everything that comes would stay until the next start.
      if (storing.get(hash) === 1 && !ledger.keeps(hash)) await photos.delete(hash).catch(() => {})
      throw error
    } finally {
      const others = storing.get(hash)! - 1
      if (others > 0) storing.set(hash, others)
      else storing.delete(hash)
    }
  }

  return {
    async receive(device, bytes) {
      if (!deviceNameSchema.safeParse(device).success)
        throw new EdgeloopError('INVALID_INPUT', `"${device}" cannot be a device's name`, {
          where: 'topic',
          hint: 'publish to photos/DEVICE, with letters, digits, ".", "_" and "-" for DEVICE',
        })
      if (bytes.length === 0)
        throw new EdgeloopError('INVALID_INPUT', 'the photo is empty', {
          where: `photos/${device}`,
          hint: 'publish the bytes of a JPEG, PNG or WebP as the payload',
        })
      if (bytes.length > MAX_PHOTO_BYTES)
        throw new EdgeloopError('TOO_LARGE', `the photo has more than ${MAX_PHOTO_BYTES} bytes`, {
          where: `photos/${device}`,
          hint: SMALLER_PHOTO,
        })
      const hash = photoHash(bytes)
      // On disk already, or not needed any more.
      if (sequences.has(hash) && (!ledger.needs(hash) || (await photos.has(hash)) === bytes.length))
        return writeDown(device, hash, bytes)
      return bound.store(bytes.length, () => storeAndWriteDown(device, hash, bytes))
    },
  }
}
