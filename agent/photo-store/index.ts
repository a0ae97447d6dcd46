export { mediaTypeOf } from './media-type.ts'
export { createPhotoStore, type PhotoStore, type StoredPhoto } from './photo-store.ts'
export { createPhotoRoutes } from './routes.ts'
