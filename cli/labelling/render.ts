import { type Line, plain, type Span, style } from '../terminal/index.ts'
import type { LabellingView } from './session.ts'
import { standingSentences } from './standing.ts'

/** Lines that a photo leaves for everything else. */
export const LINES_BESIDE_PICTURE = 9

/** Digits answer these. */
const DIGITS = 9

/** What somebody who labels photos sees, in at most so many lines. */
export function renderLabelling(view: LabellingView, rows: number): Line[] {
  const { question, picture, file, waiting, answered, message } = view
  return [
    [
      { text: ' What is on this photo? ', style: style.bold },
      { text: `${waiting} waiting, ${answered} answered`, style: style.dim },
    ],
    [{ text: question ? ` ${about(question)}` : '', style: style.dim }],
    [],
    ...(question ? picture.slice(0, Math.max(0, rows - LINES_BESIDE_PICTURE)).map(indented) : []),
    [{ text: file && question ? ` ${file}` : '', style: style.dim }],
    [],
    [' ', ...choices(view)],
    [{ text: ` ${plain(message)}`, style: style.cyan }],
    ...standing(view),
  ]
}

const indented = (line: Line): Line => [' ', ...line]

function about({ photo, device, edge, second }: NonNullable<LabellingView['question']>): string {
  const from = [device && ` from ${device}`, edge && ` at ${edge}`].filter(Boolean).join('')
  const asked = second ? '; somebody has answered, and another opinion is wanted' : ''
  return `${photo.slice(0, 12)}${from && `,${from}`}${asked}`
}

/** How labelling goes; what has stopped apart from it, because something should be done about it. */
function standing({ state }: LabellingView): Line[] {
  if (!state) return []
  const sentences = standingSentences(state)
  const stopped = state.pseudoLabels.stopped ? sentences.pop() : undefined
  return [
    [{ text: ` ${sentences.join(' ')}`, style: style.dim }],
    ...(stopped ? [[{ text: ` ${stopped}`, style: style.yellow }]] : []),
  ]
}

function choices({ labels, typed, question }: LabellingView): Span[] {
  if (typed !== undefined)
    return [...keys('label', `${typed}▏`), ...keys('enter', 'answer'), ...keys('esc', 'back')]
  const others = [...keys('u', 'undo'), ...keys('q', 'leave')]
  if (!question) return [...keys('n', 'look again'), ...others]
  return [
    ...labels.slice(0, DIGITS).flatMap((label, i) => keys(String(i + 1), plain(label))),
    ...keys('w', 'write a label'),
    ...keys('x', 'neither'),
    ...keys('n', 'skip'),
    ...others,
  ]
}

/** A key and what it does. */
export function keys(key: string, does: string): Span[] {
  return [{ text: key, style: style.bold }, { text: ` ${does}   ` }]
}
