import { type Sample, type Uplink, wantsPhoto } from '../lib/events/index.ts'
import { type Delivery, isEvent } from './connector/index.ts'

/** The function that sends samples up. */
const UPLOADER = 'upload-sample'
/** What goes up with each sample, and with each answer, in bytes: what is written down about it, and headers. */
const RECORD_BYTES = 2000

/** About how many bytes a delivery has the function send to the cloud; 0 where it sends nothing there. */
export function uploadSize(subscriber: string, delivery: Delivery, uplink: Uplink): number {
  if (subscriber !== UPLOADER || !isEvent(delivery)) return 0
  if (delivery.type === 'sample.labelled' || delivery.type === 'sample.unlabelled') return RECORD_BYTES
  return delivery.type === 'sample.accepted' || delivery.type === 'sample.review'
    ? sampleSize(delivery.data, uplink)
    : 0
}

/** About how many bytes go to the cloud once this is decided about a photo. */
export function sampleSize({ photo, features, band }: Sample, uplink: Uplink): number {
  if (band === 'reject') return 0
  const photoBytes = wantsPhoto(band, uplink) ? photo.size : 0
  return RECORD_BYTES + ((features?.values.length ?? 0) * 3) / 4 + photoBytes
}
