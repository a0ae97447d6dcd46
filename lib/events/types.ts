import type { z } from 'zod'
import {
  labelUploaded,
  modelJudged,
  modelTrained,
  photoCaptured,
  photoClassified,
  retrainProgress,
  retrainRequested,
  sample,
  sampleLabelled,
  sampleUnlabelled,
  sampleUploaded,
} from './data.ts'

/** Every event type with the schema of its data: the loop, readable as types. */
export const EVENT_DATA = {
  'photo.captured': photoCaptured,
  'photo.classified': photoClassified,
  'sample.accepted': sample,
  'sample.review': sample,
  'sample.rejected': sample,
  'sample.uploaded': sampleUploaded,
  'sample.labelled': sampleLabelled,
  'sample.unlabelled': sampleUnlabelled,
  'label.uploaded': labelUploaded,
  'retrain.requested': retrainRequested,
  'retrain.started': retrainProgress,
  'retrain.progress': retrainProgress,
  'model.trained': modelTrained,
  'model.promoted': modelJudged,
  'model.refused': modelJudged,
} as const

export type EventType = keyof typeof EVENT_DATA
export type EventData<T extends EventType> = z.infer<(typeof EVENT_DATA)[T]>

/** A CloudEvent 1.0 of one of Edgeloop's types. */
export type EdgeloopEvent<T extends EventType = EventType> = {
  [K in T]: {
    /** Hash of what the event is about: a repeated event is recognised everywhere. */
    id: string
    /** URI reference of who says so: `edges/EDGE/FUNCTION`, `cloud/FUNCTION`. */
    source: string
    type: K
    /** When it was made, RFC 3339; for people only, never for order. */
    time: string
    data: EventData<K>
  }
}[T]
