import type { Sample, Uplink } from './data.ts'

/** Whether the photo itself goes up with a sample: never in `features`, for people's eyes in `review`, always in `all`. */
export function wantsPhoto(band: Sample['band'], uplink: Uplink): boolean {
  return uplink === 'all' || (uplink === 'review' && band === 'review')
}
