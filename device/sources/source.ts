/** Where a device's photos come from. */
export type PhotoSource = AsyncIterable<SourcePhoto>

export interface SourcePhoto {
  /** As captured: JPEG, PNG or WebP. */
  bytes: Uint8Array
  /** For logs. */
  name?: string
}
