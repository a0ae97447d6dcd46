import { type Line, padEnd, padStart, plain, type Span, style, width } from '../terminal/index.ts'
import { clock, versionText } from '../wording.ts'
import type { EdgeModel, LiveModel } from './model.ts'

const CLOUD_COLUMNS = 22
/** Below this confidence an answer stands out. */
const UNSURE = 0.8

/** The edges as lines: each with its answers below it where there is room. */
export function renderEdges(model: LiveModel, roomy: boolean): Line[] {
  const { edges, selected } = model
  if (edges.length === 0) return []
  const names = Math.max(4, ...edges.map(({ name }) => width(name)))
  const header = `     ${padEnd('EDGE', names)}  ${padEnd('CLOUD', CLOUD_COLUMNS)}  SPOOL  DEAD  VERSION`
  return [
    [{ text: header, style: style.dim }],
    ...edges.flatMap((edge, i) => {
      const line = edgeLine(edge, i, i === selected, names)
      return roomy ? [line, answersLine(edge, names)] : [line]
    }),
  ]
}

function edgeLine(edge: EdgeModel, index: number, selected: boolean, names: number): Line {
  const { name, heartbeat } = edge
  const key = index < 9 ? String(index + 1) : ' '
  const spool = Object.values(heartbeat?.spool ?? {}).reduce((sum, queued) => sum + queued, 0)
  const dead = heartbeat?.deadLetters ?? 0
  return [
    ...marker(selected, key, padEnd(name, names)),
    '  ',
    link(edge),
    '  ',
    { text: padStart(String(spool), 5), style: spool > 0 ? style.yellow : undefined },
    '  ',
    { text: padStart(String(dead), 4), style: dead > 0 ? style.red : undefined },
    '  ',
    ...version(edge),
  ]
}

/** How a thing that can be selected begins its line. */
export function marker(selected: boolean, key: string, name: string): Span[] {
  return [
    { text: selected ? ' ▸ ' : '   ', style: style.cyan },
    { text: `${key} `, style: style.dim },
    { text: name, style: selected ? style.bold : undefined },
  ]
}

function link({ running, online, since, heartbeat }: EdgeModel): Span {
  const cell = (text: string, colour: string) => ({ text: padEnd(text, CLOUD_COLUMNS), style: colour })
  if (!running) return cell(`killed ${clock(new Date(since))}`, style.red)
  if (!online) return cell(`cut off since ${clock(new Date(since))}`, style.yellow)
  if (heartbeat && !heartbeat.link.connected) return cell('out of reach', style.yellow)
  return cell('in reach', style.green)
}

function version({ heartbeat, running }: EdgeModel): Span[] {
  if (!heartbeat) return [{ text: '–', style: style.dim }]
  const { serving, wanted } = heartbeat.model
  const text = plain(versionText(heartbeat.model))
  return [{ text, style: !running ? style.dim : serving === wanted ? undefined : style.yellow }]
}

function answersLine({ answers }: EdgeModel, names: number): Line {
  const indent = ' '.repeat(names + 7)
  if (answers.length === 0) return [{ text: `${indent}no photo yet`, style: style.dim }]
  return [
    indent,
    ...answers.flatMap(({ label, confidence }): Span[] => {
      if (label === null || confidence === null)
        return [{ text: 'unreadable', style: style.red }, { text: '  ' }]
      const sure = `${Math.round(confidence * 100)} %`
      return [
        { text: `${plain(label)} ` },
        { text: sure, style: confidence < UNSURE ? style.yellow : style.green },
        { text: '   ' },
      ]
    }),
  ]
}
