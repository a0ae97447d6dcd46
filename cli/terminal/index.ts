/**
 * Text on a terminal: lines with styles, tables, bars, and the whole screen.
 * @module
 */
export { bar, sparkline } from './bars.ts'
export { type Line, paint, type Span, style, textOf } from './paint.ts'
export { type Display, type KeySource, openScreen, type Screen } from './screen.ts'
export { table } from './table.ts'
export { cut, padEnd, padStart, plain, width } from './text.ts'
