export { type ReplayOptions, replayFiles } from './folder.ts'
export type { PhotoSource, SourcePhoto } from './source.ts'
