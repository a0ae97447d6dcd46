/**
 * How large an encoded photo may be, in bytes, on every way in: by HTTP, by MQTT, and from the photo store. No camera
 * needs more.
 */
export const MAX_PHOTO_BYTES = 32 * 2 ** 20

/** What the owner of a larger one can do. */
export const SMALLER_PHOTO = 'set a smaller size or a lower quality on the camera'
