import type { Drawing } from './artwork.ts'

export interface Coat {
  /** Turns every hue by so many degrees. */
  hue: number
  /** 1 leaves colours as they are, 0 makes them grey. */
  saturation: number
}

/**
 * A drawing in other colours: each colour is replaced in its text, which takes no time, where an SVG filter would take
 * as long as drawing.
 */
export function recolour(drawing: Drawing, coat: Coat): Drawing {
  const matrix = coatMatrix(coat)
  const body = drawing.body.replace(
    /\b(fill|stroke|stop-color)="#([0-9a-f]{3}|[0-9a-f]{6})"/gi,
    (_, attribute: string, hex: string) => `${attribute}="${toHex(multiply(matrix, fromHex(hex)))}"`
  )
  return { ...drawing, body }
}

type Triple = [number, number, number]

/** The share of each channel in how light a colour is. */
const LUMINANCE: Triple = [0.213, 0.715, 0.072]

/** Turns colours about the grey axis so that their luminance stays, and pulls them to it: the matrix's rows. */
function coatMatrix({ hue, saturation }: Coat): Triple[] {
  const angle = (hue * Math.PI) / 180
  const [along, across] = [saturation * Math.cos(angle), (saturation * Math.sin(angle)) / Math.sqrt(3)]
  const turn: Triple[] = [
    [along, -across, across],
    [across, along, -across],
    [-across, across, along],
  ]
  // What a row does to a colour less its grey, added to that grey.
  return turn.map((row) => {
    const sum = row[0] + row[1] + row[2]
    return row.map((share, channel) => share + (1 - sum) * LUMINANCE[channel]!) as Triple
  })
}

const multiply = (matrix: Triple[], colour: Triple): Triple =>
  matrix.map((row) => row[0] * colour[0] + row[1] * colour[1] + row[2] * colour[2]) as Triple

function fromHex(hex: string): Triple {
  const full = hex.length === 3 ? [...hex].map((digit) => digit + digit).join('') : hex
  return [0, 2, 4].map((at) => Number.parseInt(full.slice(at, at + 2), 16)) as Triple
}

const toHex = (colour: Triple) =>
  `#${colour
    .map((value) =>
      Math.max(0, Math.min(255, Math.round(value)))
        .toString(16)
        .padStart(2, '0')
    )
    .join('')}`
