import { z } from 'zod'
import type { Database } from '../../lib/database/index.ts'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { createEvent } from '../../lib/events/index.ts'
import { deviceNameSchema } from '../../lib/messages/index.ts'
import { MAX_PHOTO_BYTES, SMALLER_PHOTO } from '../../lib/photo/index.ts'
import type { Connector } from '../connector/index.ts'
import type { DecisionIndex } from '../decision-index/index.ts'
import { mediaTypeOf, type PhotoStore } from '../photo-store/index.ts'

export interface IntakeOptions {
  edge: string
  database: Database
  photos: PhotoStore
  decisions: DecisionIndex
  connector: Connector
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
   * When it resolves, photo and event are on disk.
   * @throws EdgeloopError INVALID_INPUT for an empty photo or an unusable name, TOO_LARGE; whatever the disk says otherwise
   */
  receive(device: string, bytes: Uint8Array): Promise<Received>
}

export function createIntake({ edge, database, photos, decisions, connector }: IntakeOptions): Intake {
  const sequences = database.table('intake.sequences', z.int().positive())

  /** Inside a transaction: the photo's number, and whether it is a new one. */
  function numberSync(photo: string, size: number): Omit<Received, 'photo'> {
    const known = sequences.get(photo)
    if (known !== undefined) return { sequence: known, repeated: true }
    decisions.capturedSync(photo, size)
    const sequence = decisions.counters().captured
    sequences.putSync(photo, sequence)
    return { sequence, repeated: false }
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
      const { hash, size } = await photos.put(bytes)
      return database.transaction(() => {
        const { sequence, repeated } = numberSync(hash, size)
        if (!repeated) {
          const photo = { hash, size, mediaType: mediaTypeOf(bytes) ?? 'application/octet-stream' }
          const data = { edge, device, sequence, photo }
          connector.publishSync(createEvent('photo.captured', `edges/${edge}/agent`, [hash], data), 'refuse')
        }
        return { photo: hash, sequence, repeated }
      })
    },
  }
}
