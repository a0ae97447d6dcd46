/**
 * What tests of several rooms set up: real servers, folders and events.
 * @module
 */
export { type Bucket, openBucket } from './bucket.ts'
export { childrenOf } from './children.ts'
export { type Classify, type ClassifyStatus, serveClassify } from './classify.ts'
export {
  BACKBONE,
  capturedEvent,
  classified,
  classifiedEvent,
  hashOf,
  sampleEvent,
  sampleOf,
} from './events.ts'
export { seededHead } from './heads.ts'
export { BROKEN, blackPng, type HostileInput, UNUSUAL } from './hostile.ts'
export { type Line, openLine } from './line.ts'
export { peakGrowth } from './memory.ts'
export { type CacheFolder, cacheFolder } from './model-cache.ts'
export { isMosquittoInstalled, type Mosquitto, startMosquitto } from './mosquitto.ts'
export { decidedOf, outcomeOf, settled } from './outcomes.ts'
export { blockPhoto } from './photos.ts'
export { publishModel } from './registry-model.ts'
export { renamedBackbone } from './renamed-backbone.ts'
export { type PhotoServer, type ServedFunction, serve, serveFunction, servePhotos } from './servers.ts'
export { temporaryDirectory } from './temporary.ts'
