/**
 * The events of the loop: their types, their data, and CloudEvents' HTTP binding.
 * @module
 */

export type {
  Judgement,
  Neighbour,
  PhotoReference,
  Prediction,
  Sample,
  Thresholds,
  Uplink,
} from './data.ts'
export * as eventData from './data.ts'
export { createEvent, eventSchema } from './event.ts'
export {
  carriesEvent,
  eventRequest,
  eventResponse,
  readEvent,
  readEventResponse,
} from './http.ts'
export { decodeStructured, encodeStructured } from './structured.ts'
export type { EdgeloopEvent, EventData, EventType } from './types.ts'
export { wantsPhoto } from './wants-photo.ts'
