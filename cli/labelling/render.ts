import { type Line, plain, type Span, style } from '../terminal/index.ts'
import type { LabellingView } from './session.ts'

/** Lines that a photo leaves for everything else. */
export const LINES_BESIDE_PICTURE = 7

/** Digits answer these. */
const DIGITS = 9

/** What somebody who labels photos sees, in at most so many lines. */
export function renderLabelling(view: LabellingView, rows: number): Line[] {
  const { sample, picture, file, waiting, answered, message } = view
  const about = sample ? `${sample.photo.hash.slice(0, 12)}, from ${sample.device} at ${sample.edge}` : ''
  return [
    [
      { text: ' What is on this photo? ', style: style.bold },
      { text: `${waiting} waiting, ${answered} answered`, style: style.dim },
    ],
    [{ text: ` ${about}`, style: style.dim }],
    [],
    ...(sample ? picture.slice(0, Math.max(0, rows - LINES_BESIDE_PICTURE)).map(indented) : []),
    [{ text: file && sample ? ` ${file}` : '', style: style.dim }],
    [],
    [' ', ...choices(view)],
    [{ text: ` ${plain(message)}`, style: style.cyan }],
  ]
}

const indented = (line: Line): Line => [' ', ...line]

function choices({ labels, typed, sample }: LabellingView): Span[] {
  if (typed !== undefined)
    return [...keys('label', `${typed}▏`), ...keys('enter', 'answer'), ...keys('esc', 'back')]
  const leave = keys('q', 'leave')
  if (!sample) return [...keys('n', 'look again'), ...leave]
  return [
    ...labels.slice(0, DIGITS).flatMap((label, i) => keys(String(i + 1), plain(label))),
    ...keys('w', 'write a label'),
    ...keys('n', 'skip'),
    ...leave,
  ]
}

/** A key and what it does. */
export function keys(key: string, does: string): Span[] {
  return [{ text: key, style: style.bold }, { text: ` ${does}   ` }]
}
