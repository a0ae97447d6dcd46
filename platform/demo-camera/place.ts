import type { Drawing } from './artwork.ts'

export interface Placement {
  /** Where its centre lies, in pixels. */
  x: number
  y: number
  /** Height in pixels. */
  height: number
  /** Width is this many times what the drawing's proportions give. */
  stretch: number
  /** Clockwise, in degrees. */
  rotation: number
  mirrored: boolean
}

/**
 * A drawing as a piece of a larger SVG. Its ids get a prefix, since two drawings may use the same ones.
 * @param prefix differs for each drawing of a scene
 */
export function place(drawing: Drawing, placement: Placement, prefix: string): string {
  const { x, y, height, stretch, rotation, mirrored } = placement
  const scale = height / drawing.height
  const scaleX = scale * stretch * (mirrored ? -1 : 1)
  const centreX = drawing.left + drawing.width / 2
  const centreY = drawing.top + drawing.height / 2
  const transform = `translate(${x} ${y}) rotate(${rotation}) scale(${scaleX} ${scale}) translate(${-centreX} ${-centreY})`
  return `<g transform="${transform}">${renameIds(drawing.body, prefix)}</g>`
}

function renameIds(body: string, prefix: string): string {
  return body
    .replace(/\bid="([^"]+)"/g, `id="${prefix}$1"`)
    .replace(/url\(#([^)]+)\)/g, `url(#${prefix}$1)`)
    .replace(/href="#([^"]+)"/g, `href="#${prefix}$1"`)
}
