import { padEnd, padStart, plain, width } from './text.ts'

/** What stands in a column: figures stand to the right. */
export type Cell = string | number | null | undefined

/** A table as lines: a header, and each column as wide as its widest cell. The last column is not filled up. */
export function table(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const text = (cell: Cell) => (cell === null || cell === undefined ? '–' : plain(String(cell)))
  const isNumber = header.map((_, i) => rows.length > 0 && rows.every((row) => isFigure(row[i])))
  const lines = [header, ...rows.map((row) => row.map(text))]
  const widths = header.map((_, i) => Math.max(...lines.map((line) => width(line[i]!))))
  return lines
    .map((line) =>
      line
        .map((cell, i) => (isNumber[i] ? padStart(cell, widths[i]!) : padEnd(cell, widths[i]!)))
        .join('  ')
        .trimEnd()
    )
    .join('\n')
}

const isFigure = (cell: Cell) => typeof cell !== 'string' || /^[\d.]+ %$/.test(cell)
