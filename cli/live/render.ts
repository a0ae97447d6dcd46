import { keys } from '../labelling/index.ts'
import { bar, type Line, plain, type Span, sparkline, style, table } from '../terminal/index.ts'
import { ago } from '../wording.ts'
import { marker, renderEdges } from './edges.ts'
import { accuracies, type LiveModel, photosDone, selection } from './model.ts'

const BAR_COLUMNS = 24

/** What the loop is at, in words that nobody has to look up. */
const STAGES: Record<string, string> = {
  reading: 'reading photos',
  photos: 'photos',
  features: 'training: looking at photos',
  fit: 'training: fitting',
  publish: 'training: publishing',
}

export interface Size {
  columns: number
  rows: number
}

/**
 * The live view as exactly so many lines. Where there are few, answers, blank lines and old rounds go first; the edges
 * and the keys stay.
 *
 * @param now in ms since 1970
 */
export function renderLive(model: LiveModel, size: Size, now: number): Line[] {
  const full = sections(model, now, true)
  const fits = count(full) + SOME_ROUNDS <= size.rows
  const { above, below } = fits ? full : sections(model, now, false)
  const rounds = renderRounds(model, Math.max(0, size.rows - above.length - below.length))
  const room = Math.max(0, size.rows - below.length)
  const top = [...above, ...rounds].slice(0, room)
  const gap = Array.from({ length: room - top.length }, (): Line => [])
  return [...top, ...gap, ...below].slice(-size.rows)
}

/** Rounds that should be seen, header included, before anything else is left out. */
const SOME_ROUNDS = 3

const count = ({ above, below }: ReturnType<typeof sections>) => above.length + below.length

function sections(model: LiveModel, now: number, roomy: boolean): { above: Line[]; below: Line[] } {
  const blank: Line[] = roomy ? [[]] : []
  return {
    above: [
      header(model, now),
      ...blank,
      ...renderEdges(model, roomy),
      services(model),
      ...blank,
      progress(model),
      ...(roomy || model.rounds.length > 0 ? [accuracy(model)] : []),
      ...blank,
    ],
    below: [...(roomy ? [judged(model)] : []), remark(model), keyLine(model)],
  }
}

function header({ gateway, startedAt }: LiveModel, now: number): Line {
  return [
    { text: ' Edgeloop ', style: style.bold },
    { text: gateway ? ` ${gateway}   up ${ago(new Date(startedAt), now)}` : '', style: style.dim },
  ]
}

function services({ services, edges, selected }: LiveModel): Line {
  return services.flatMap(({ name, running }, i) => [
    ...marker(selected === edges.length + i, name[0]!, name),
    running ? { text: ' runs', style: style.green } : { text: ' killed', style: style.red },
  ])
}

function progress(model: LiveModel): Line {
  const { stage, round, edges, services } = model
  if (edges.length === 0) {
    const reading = stage && stage.done < 1 ? [' ', ...stageBar(stage.name, stage.done)] : undefined
    return reading ?? [{ text: ' Starting the cloud and its edges …', style: style.dim }]
  }
  const away = [...edges, ...services].filter(({ running }) => !running).map(({ name }) => name)
  if (away.length > 0) {
    const what = away.some((name) => model.killed.has(name))
      ? 'select it and press r'
      : 'it comes back by itself'
    return [{ text: ` The round waits for ${away.join(' and ')}: ${what}`, style: style.yellow }]
  }
  if (!stage) {
    const trained = edges.some(({ heartbeat }) => heartbeat?.model.wanted)
    return [{ text: trained ? ' Getting ready …' : ' Training the first model …', style: style.dim }]
  }
  const done = stage.name === 'photos' ? photosDone(model) : stage.done
  return [{ text: ` Round ${round}  `, style: style.bold }, ...stageBar(stage.name, done)]
}

function stageBar(name: string, done: number): Line {
  return [
    { text: bar(done, BAR_COLUMNS), style: style.cyan },
    ` ${String(Math.round(done * 100)).padStart(3)} %  ${STAGES[name] ?? plain(name)}`,
  ]
}

function accuracy(model: LiveModel): Line {
  const points = accuracies(model)
  const [first, last] = [points[0], points.at(-1)]
  if (!first || !last) return []
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`
  const line: Span[] = [{ text: ' Accuracy  ', style: style.bold }]
  if (first === last) return [...line, `${percent(last.accuracy)}  version ${last.version}`]
  return [
    ...line,
    `${percent(first.accuracy)} `,
    { text: sparkline(points.map((point) => point.accuracy)), style: style.green },
    ` ${percent(last.accuracy)}  `,
    { text: `versions ${points.map((point) => point.version).join(', ')}`, style: style.dim },
  ]
}

const COLUMNS = ['ROUND', 'ACCURACY', 'VERSION', 'PHOTOS', 'ACCEPTED', 'REVIEW', 'REJECTED', 'DEAD', 'LABELS']

/** The last rounds in as many lines. */
function renderRounds({ rounds }: LiveModel, lines: number): Line[] {
  if (rounds.length === 0 || lines < 2) return []
  const rows = rounds
    .slice(1 - lines)
    .map((report) => [
      report.round,
      `${(report.testAccuracy * 100).toFixed(1)} %`,
      `${report.modelVersion}${report.promoted ? ' new' : ''}`,
      report.captured,
      report.accepted,
      report.review,
      report.rejected,
      report.deadLettered,
      report.labelsAsked,
    ])
  const [header, ...body] = table(COLUMNS, rows).split('\n')
  return [[{ text: ` ${header}`, style: style.dim }], ...body.map((text): Line => [` ${text}`])]
}

function judged({ judged }: LiveModel): Line {
  if (!judged) return []
  const { version, verdict, why } = judged
  return [
    { text: ` Version ${version}: ` },
    { text: verdict, style: verdict === 'promote' ? style.green : style.yellow },
    { text: `. ${plain(why)}`, style: style.dim },
  ]
}

function remark({ notes }: LiveModel): Line {
  return [{ text: ` ${plain(notes.at(-1) ?? '')}`, style: style.cyan }]
}

function keyLine(model: LiveModel): Line {
  const chosen = selection(model)
  const edge = model.edges.find(({ name }) => name === chosen?.name)
  const running = [...model.edges, ...model.services].find(({ name }) => name === chosen?.name)?.running
  return [
    ' ',
    ...keys('↑↓', 'select'),
    ...(edge ? keys('c', edge.online ? 'cut off' : 'plug in') : []),
    ...(running === undefined ? [] : running ? keys('k', 'kill') : keys('r', 'restart')),
    ...keys('l', 'label'),
    ...keys('q', 'quit'),
  ]
}
