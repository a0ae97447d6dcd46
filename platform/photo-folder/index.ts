export { type FolderPhoto, type OpenOptions, openPhotoFolder } from './open.ts'
export { type PhotoSplit, type SplitOptions, splitPhotos } from './split.ts'
