import type { Database } from '../../lib/database/index.ts'
import { decodeFloat16 } from '../../lib/float16/index.ts'
import { createAccepted } from './accepted.ts'
import { createBudgets } from './budgets.ts'
import { counterOf, createCounters } from './counters.ts'
import { createHashRing } from './hash-ring.ts'
import { createNeighbours } from './neighbours.ts'
import { checkCaptured, checkDecision, openTables } from './records.ts'
import { SKETCH_BITS, sketchOf } from './sketch.ts'
import type { Decision, DecisionIndex } from './types.ts'

export interface DecisionIndexOptions {
  /** Among how many recent decisions neighbours are looked for. Each takes 2.5 KB on disk. Default 20,000. */
  recent?: number
  /** Runs inside the transaction that has changed what is decided about a photo, or that it is uploaded. */
  onChange?(photo: string): void
  /** Milliseconds since 1970. */
  clock?: () => number
}

/** Opens the index in the database; reads the recent perceptual hashes into memory. */
export function createDecisionIndex(
  database: Database,
  { recent: capacity = 20_000, onChange, clock = Date.now }: DecisionIndexOptions = {}
): DecisionIndex {
  const tables = openTables(database)
  const counters = createCounters(tables)
  const budgets = createBudgets(tables.budgets, clock)
  const accepted = createAccepted(tables.accepted)
  const pictures = createHashRing(capacity, 64)
  const sketches = createHashRing(capacity, SKETCH_BITS)

  function remember(sequence: number, perceptualHash: string | null, sketch: string | null): void {
    if (perceptualHash) pictures.add(sequence, perceptualHash)
    if (sketch) sketches.add(sequence, sketch)
  }

  for (const sequence of [...tables.recent.keys({ reverse: true, limit: capacity })].reverse()) {
    const recent = tables.recent.get(sequence)
    if (recent) remember(Number(sequence), recent.perceptualHash, recent.sketch)
  }

  function withFeatures(record: Omit<Decision, 'features'>): Decision {
    return { ...record, features: tables.features.get(record.photo)?.bytes ?? null }
  }

  function firstDecision(photo: string): Decision | undefined {
    const record = tables.decisions.get(photo)
    return record && withFeatures(record)
  }

  /** What is too old to be anyone's neighbour. */
  function forgetOldSync(newest: number) {
    // More than one only after the capacity was lowered; then a few with each new one.
    for (const sequence of [...tables.recent.keys({ limit: 4 })]) {
      if (newest - Number(sequence) < capacity) return
      const old = tables.recent.get(sequence)
      tables.recent.removeSync(sequence)
      // Revived and decided again, it has newer features under the same name.
      if (old && tables.decisions.get(old.photo)?.sequence === sequence) tables.features.removeSync(old.photo)
    }
  }

  const index: Pick<DecisionIndex, 'capturedSync' | 'recordSync' | 'uploadedSync' | 'reviveSync'> = {
    capturedSync(photo, bytes) {
      checkCaptured({ photo, bytes })
      if (tables.captured.has(photo)) return false
      tables.captured.putSync(photo, bytes)
      counters.changeSync({ captured: 1, bytesCaptured: bytes })
      return true
    },

    recordSync(decision) {
      const { features, backbone, thumbnail, label, ...checked } = checkDecision(decision)
      const before = tables.decisions.read(checked.photo)
      if (before?.value) return { decision: withFeatures(before.value), first: false }
      const sequence = Number([...tables.recent.keys({ reverse: true, limit: 1 })][0] ?? 0) + 1
      const record = { ...checked, sequence, uploaded: false, bytesUploaded: 0, photoUploaded: false }
      const { photo } = record
      tables.decisions.putSync(photo, record)
      const perceptualHash = canBeNeighbour(record) ? record.perceptualHash : null
      const sketch = features && perceptualHash && sketchOf(decodeFloat16(features))
      tables.recent.putSync(sequence, { photo, perceptualHash, sketch })
      if (features) tables.features.putSync(photo, { bytes: features, backbone, thumbnail })
      forgetOldSync(sequence)
      if (before?.corrupt) counters.recountSync()
      else counters.changeSync({ [counterOf(record.outcome)]: 1 })
      budgets.spendSync({
        bytesUploaded: record.bytesBooked,
        labelsAsked: record.outcome === 'review' ? 1 : 0,
      })
      if (record.outcome === 'accepted' && label !== null && record.modelVersion !== null)
        accepted.addSync(record.modelVersion, label)
      onChange?.(photo)
      database.afterCommit(() => remember(sequence, perceptualHash, sketch))
      return { decision: { ...record, features }, first: true }
    },

    uploadedSync(photo, bytes, withPhoto = false) {
      checkCaptured({ photo, bytes })
      const record = tables.decisions.get(photo)
      if (!record || record.uploaded) return false
      tables.decisions.putSync(photo, {
        ...record,
        uploaded: true,
        bytesUploaded: bytes,
        photoUploaded: withPhoto,
      })
      counters.changeSync({ uploaded: 1, bytesUploaded: bytes })
      budgets.spendSync({ bytesUploaded: bytes - record.bytesBooked })
      onChange?.(photo)
      return true
    },

    reviveSync(photo) {
      const record = tables.decisions.get(photo)
      if (record?.outcome !== 'dead') return false
      tables.decisions.removeSync(photo)
      tables.features.removeSync(photo)
      counters.changeSync({ deadLettered: -1 })
      onChange?.(photo)
      return true
    },
  }

  return {
    ...index,
    firstDecision,
    standing: (photo) => tables.decisions.get(photo),
    features: (photo) => tables.features.get(photo),
    capturedBytes: (photo) => tables.captured.get(photo),
    captured: (photo, bytes) => database.transaction(() => index.capturedSync(photo, bytes)),
    record: (decision) => database.transaction(() => index.recordSync(decision)),
    uploaded: (...upload) => database.transaction(() => index.uploadedSync(...upload)),
    neighbours: createNeighbours(tables, { pictures, sketches }),
    counters: () => counters.get(),
    budgets: budgets.get,
    accepted: accepted.get,
  }
}

/**
 * What was turned away for want of room has left nothing that a later photo could repeat; and what repeats another photo stands for
 * nothing itself, or a camera that turns slowly would never be looked at again.
 */
const LEAVES_NOTHING: readonly (string | null)[] = ['budget', 'enough', 'duplicate']

const canBeNeighbour = ({ outcome, code }: Pick<Decision, 'outcome' | 'code'>) =>
  outcome !== 'dead' && !LEAVES_NOTHING.includes(code)
