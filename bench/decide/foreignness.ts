import { createRandom } from '../../lib/random/index.ts'
import { mean } from '../mean.ts'
import { type Row, row } from '../report.ts'
import type { Look } from '../simulated-edge/look.ts'
import { classified, decide, type LabelledLook, type Model, train, UNDRAWN } from '../simulated-edge/model.ts'
import type { ForeignPhoto } from './foreign.ts'

export type ForeignLook = Look & Pick<ForeignPhoto, 'kind' | 'source'>

const SEEDS = 10

/**
 * What models that know some of the good photos make of the others, and of foreign ones. Nothing here is fitted to foreign photos: the
 * distance and its threshold come from good ones alone.
 */
export async function foreignRows(
  good: readonly LabelledLook[],
  foreign: readonly ForeignLook[]
): Promise<Row[]> {
  const rows: Row[] = []
  const things = foreign.filter(({ kind }) => kind !== 'animal')
  const animals = foreign.filter(({ kind }) => kind === 'animal')
  const errors = { accepted: 0, wrong: 0 }
  for (const [seen, among, what] of [
    [100, things, 'foreign objects and scenes'],
    [400, animals, 'other animals'],
  ] as const) {
    const shares = { kept: [] as number[], lost: [] as number[], accepted: [] as number[] }
    for (let seed = 1; seed <= SEEDS; seed++) {
      const shuffled = createRandom(`decide ${seed}`).shuffle(good)
      const model = await train(shuffled.slice(0, seen), seed)
      const others = shuffled.slice(seen)
      shares.kept.push(shareForeign(model, among))
      shares.lost.push(shareForeign(model, others))
      shares.accepted.push(await shareAccepted(model, among))
      for (const photo of others) {
        const { band, prediction } = await decide(classified(model, photo, UNDRAWN))
        if (band !== 'accept') continue
        errors.accepted++
        if (prediction!.labels[0]!.label !== photo.label) errors.wrong++
      }
    }
    const [kept, lost, accepted] = [shares.kept, shares.lost, shares.accepted].map(mean) as [
      number,
      number,
      number,
    ]
    const by = `${among.length} ${what}, ${seen} good photos seen, mean of ${SEEDS}`
    rows.push(
      row(`${by}: kept out by their distance (worst ${percent(Math.min(...shares.kept))})`, 100 * kept, '%', [
        '≥',
        what === 'other animals' ? 90 : 95,
      ]),
      row(`the same, by all of the decision`, 100 * (1 - accepted), '%', [
        '≥',
        what === 'other animals' ? 90 : 95,
      ]),
      row(`good photos lost then (worst ${percent(Math.max(...shares.lost))})`, 100 * lost, '%', ['≤', 5])
    )
  }
  const { accepted, wrong } = errors
  rows.push(
    row(`wrong pseudo-labels: ${wrong} of ${accepted}, all seeds`, (100 * wrong) / accepted, '%', ['≤', 1])
  )
  rows.push(await learntRow(good, foreign))
  return rows
}

/** People say of one source's animals that they are neither; what becomes of another source's pictures, and of good photos. */
async function learntRow(good: readonly LabelledLook[], foreign: readonly ForeignLook[]): Promise<Row> {
  const shares: number[] = []
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = createRandom(`neither ${seed}`)
    const shuffled = random.shuffle(good)
    const animals = random.shuffle(foreign.filter(({ kind }) => kind === 'animal'))
    const model = await train(shuffled.slice(0, 100), seed, animals.slice(0, 30))
    shares.push(shareForeign(model, animals.slice(30)))
  }
  return row(
    'other animals, 100 good photos seen and 30 answers "neither": kept out',
    100 * mean(shares),
    '%',
    ['≥', 90]
  )
}

function shareForeign({ score, threshold }: Model, photos: readonly Look[]): number {
  const isForeign = ({ features }: Look) => {
    const { distance, known, foreign } = score(features)
    return distance > threshold || (foreign !== null && foreign > known)
  }
  return photos.filter(isForeign).length / photos.length
}

async function shareAccepted(model: Model, photos: readonly Look[]): Promise<number> {
  const decisions = await Promise.all(photos.map((photo) => decide(classified(model, photo, UNDRAWN))))
  return decisions.filter(({ band }) => band === 'accept').length / photos.length
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`
