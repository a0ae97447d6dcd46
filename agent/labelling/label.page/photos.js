/**
 * Photos as addresses that an image can have: the API gives them only to whoever shows the token, which an image cannot.
 * @module
 */

/** @param {(photo: string) => Promise<Blob>} load */
export function createPhotos(load) {
  /** photo → its address, or that it is on its way */
  const addresses = new Map()

  return {
    /** @returns {Promise<string>} */
    addressOf(photo) {
      if (!addresses.has(photo)) {
        const loading = load(photo).then((bytes) => URL.createObjectURL(bytes))
        addresses.set(photo, loading)
        loading.catch(() => addresses.delete(photo))
      }
      return addresses.get(photo)
    },

    /** Lets go of all others. */
    keepOnly(photos) {
      for (const [photo, loading] of addresses) {
        if (photos.includes(photo)) continue
        addresses.delete(photo)
        loading.then(URL.revokeObjectURL, () => {})
      }
    },
  }
}
