import stringWidth from 'string-width'

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** Columns that a text takes: some signs take two, some none. */
export const width = (text: string): number => stringWidth(text)

/** Text from elsewhere as one line without control characters, which could move the cursor or say anything. */
export function plain(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim()
}

/** At most so many columns; what is cut off is marked. */
export function cut(text: string, columns: number): string {
  if (width(text) <= columns) return text
  if (columns <= 0) return ''
  let kept = ''
  let used = 0
  for (const { segment } of graphemes.segment(text)) {
    used += width(segment)
    if (used > columns - 1) break
    kept += segment
  }
  return `${kept}…`
}

export const padEnd = (text: string, columns: number): string =>
  text + ' '.repeat(Math.max(0, columns - width(text)))

export const padStart = (text: string, columns: number): string =>
  ' '.repeat(Math.max(0, columns - width(text))) + text
