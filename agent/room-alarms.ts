import type { AlarmReport, DiskStatus } from '../lib/edge-status/index.ts'
import type { Room } from '../lib/spool/index.ts'

/** Alarms of what fills up, each from when it was first seen until there is room again. */
export function createRoomAlarms() {
  const since = new Map<string, string>()

  return (disk: DiskStatus, room: Room): AlarmReport[] => {
    const full = {
      DISK_HIGH:
        disk.state !== 'ok' && `photos take ${share(disk.usedBytes, disk.limitBytes)} of what they may`,
      SPOOL_HIGH:
        room.state !== 'ok' &&
        `what waits for functions takes ${share(room.bytes, room.maxBytes)} of what it may`,
    }
    return Object.entries(full).flatMap(([code, what]) => {
      if (!what) {
        since.delete(code)
        return []
      }
      if (!since.has(code)) since.set(code, new Date().toISOString())
      const message = `${what}: new photos and messages are refused at the bound; see what is not being done or not sent up`
      return [{ code, message, since: since.get(code)! }]
    })
  }
}

function share(bytes: number, of: number): string {
  return `${Math.round((100 * bytes) / Math.max(1, of))} %`
}
