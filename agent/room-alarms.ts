import type { AlarmReport, DiskStatus } from '../lib/edge-status/index.ts'
import type { Room } from '../lib/spool/index.ts'
import type { PinnedBytes } from './photo-store/index.ts'

/** From this share of their bound on, somebody should be told of pinned photos. */
const PINS_HIGH = 0.9

const REFUSED = 'new photos and messages are refused at the bound; see what is not being done or not sent up'
const UNPINNED =
  'above it the oldest go, those first that the cloud has, too; give photos more room (PHOTO_STORE_BYTES)'

/** Alarms of what fills up, each from when it was first seen until there is room again. */
export function createRoomAlarms() {
  const since = new Map<string, string>()

  return (disk: DiskStatus, room: Room, pinned: PinnedBytes): AlarmReport[] => {
    const full = {
      DISK_HIGH:
        disk.state !== 'ok' &&
        `photos take ${share(disk.usedBytes, disk.limitBytes)} of what they may: ${REFUSED}`,
      SPOOL_HIGH:
        room.state !== 'ok' &&
        `what waits for functions takes ${share(room.bytes, room.maxBytes)} of what it may: ${REFUSED}`,
      PINS_HIGH:
        pinned.bytes >= PINS_HIGH * pinned.maxBytes &&
        `photos that people have labelled take ${share(pinned.bytes, pinned.maxBytes)} of what they may: ${UNPINNED}`,
    }
    return Object.entries(full).flatMap(([code, message]) => {
      if (!message) {
        since.delete(code)
        return []
      }
      if (!since.has(code)) since.set(code, new Date().toISOString())
      return [{ code, message, since: since.get(code)! }]
    })
  }
}

function share(bytes: number, of: number): string {
  return `${Math.round((100 * bytes) / Math.max(1, of))} %`
}
