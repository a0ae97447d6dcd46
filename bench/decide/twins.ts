import { type Row, row } from '../report.ts'
import { openEdge } from '../simulated-edge/edge.ts'
import type { Look } from '../simulated-edge/look.ts'
import { classified, decide, type LabelledLook, type Model, UNDRAWN } from '../simulated-edge/model.ts'
import type { CopyKind } from './copies.ts'

/**
 * Pairs of `../shared/photos` that are the same picture, cut in two ways: somebody has looked at all pairs that are alike. In another
 * folder every pair counts as two pictures.
 */
const SAME_PICTURE = [
  ['Abyssinian_11', 'Abyssinian_177', 'Abyssinian_45'],
  ['Abyssinian_5', 'Abyssinian_87'],
  ['Abyssinian_40', 'Abyssinian_63'],
  ['Abyssinian_66', 'Abyssinian_82'],
  ['Abyssinian_24', 'Abyssinian_56', 'Abyssinian_80'],
  ['Bengal_83', 'Bengal_85'],
]

/** Photos that come again in another form, and photos that do not, at an edge that has decided on all of them. */
export async function twinRows(
  good: readonly LabelledLook[],
  copies: readonly (Look & { kind: CopyKind })[],
  model: Model
): Promise<Row[]> {
  const edge = await openEdge()
  try {
    const mistaken: string[] = []
    let distinct = 0
    const groups = new Set<number>()
    for (const photo of good) {
      const data = classified(model, photo, UNDRAWN)
      const group = SAME_PICTURE.findIndex((names) => names.some((name) => photo.name.startsWith(`${name}.`)))
      if (group >= 0 && groups.has(group)) continue
      groups.add(group)
      const { reason } = await edge.decide(data)
      distinct++
      if (reason.code === 'duplicate') mistaken.push(photo.name)
      // Whatever it was taken for, later ones are compared with it.
      await edge.record(await decide(data))
    }
    const found = new Map<CopyKind, boolean[]>()
    for (const copy of copies) {
      const { reason } = await edge.decide(classified(model, copy, UNDRAWN))
      found.set(copy.kind, [...(found.get(copy.kind) ?? []), reason.code === 'duplicate'])
    }
    const all = [...found.values()].flat()
    const kinds = [...found].map(([kind, each]) => `${kind} ${share(each).toFixed(1)} %`).join(', ')
    return [
      row(`near duplicates found, ${all.length} (${kinds})`, share(all), '%', ['≥', 98]),
      row(
        `distinct photos taken for duplicates, ${mistaken.length} of ${distinct} (${mistaken.join(', ') || 'none'})`,
        (100 * mistaken.length) / distinct,
        '%',
        ['≤', 0.5]
      ),
    ]
  } finally {
    await edge.close()
  }
}

const share = (each: readonly boolean[]) => (100 * each.filter(Boolean).length) / each.length
