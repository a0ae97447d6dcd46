import { cut, width } from './text.ts'

/** Parameters of "select graphic rendition" (ECMA-48, 8.3.117), as they stand between `ESC [` and `m`. */
export const style = {
  bold: '1',
  dim: '2',
  inverse: '7',
  red: '31',
  green: '32',
  yellow: '33',
  cyan: '36',
} as const

/** A piece of a line in one style. */
export interface Span {
  text: string
  style?: string
}

/** A line before it is drawn. */
export type Line = readonly (Span | string)[]

/** The line's text without its styles. */
export const textOf = (line: Line): string =>
  line.map((span) => (typeof span === 'string' ? span : span.text)).join('')

/** The line as a terminal takes it, at most so many columns wide. */
export function paint(line: Line, columns: number, colours: boolean): string {
  let painted = ''
  let left = columns
  for (const span of line) {
    if (left <= 0) break
    const { text, style: styles } = typeof span === 'string' ? { text: span, style: undefined } : span
    const shown = cut(text, left)
    left -= width(shown)
    painted += colours && styles ? `\x1b[${styles}m${shown}\x1b[0m` : shown
  }
  return painted
}
