/** The size of the demo camera's photos, in pixels. */
export const WIDTH = 480
export const HEIGHT = 360
