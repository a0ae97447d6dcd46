import { createHash } from 'node:crypto'
import { EdgeloopError } from '../errors/index.ts'
import type { ObjectStore } from '../s3/index.ts'
import { datasetKeys } from './keys.ts'
import { putOnce } from './put-once.ts'
import {
  type Run,
  type RunStatus,
  runRecord,
  runStatus,
  type Snapshot,
  type SnapshotItem,
  snapshotRecord,
  type Verdict,
  verdictRecord,
} from './records.ts'

/** A run with what has become of it. */
export interface RunState {
  run: Run
  status: RunStatus | undefined
  verdict: Verdict | undefined
  /** Nothing more will happen to it. */
  ended: boolean
}

/** The training runs of a dataset and the snapshots that they see. */
export function runStore(store: ObjectStore, dataset: string) {
  const keys = datasetKeys(dataset)

  async function ids(): Promise<string[]> {
    const found: string[] = []
    for await (const { key } of store.list(keys.runs)) {
      const match = /^(\d+)\.json$/.exec(key.slice(keys.runs.length))
      if (match) found.push(match[1]!)
    }
    return found
  }

  async function state(id: string): Promise<RunState | undefined> {
    const [run, status, verdict] = await Promise.all([
      store.getJson(keys.run(id), runRecord),
      store.getJson(keys.runStatus(id), runStatus),
      store.getJson(keys.runVerdict(id), verdictRecord),
    ])
    if (!run) return undefined
    const ended = verdict !== undefined || status?.value.state === 'failed'
    return { run: run.value, status: status?.value, verdict: verdict?.value, ended }
  }

  async function getSnapshot(id: string): Promise<Snapshot> {
    const found = await store.getJson(keys.snapshot(id), snapshotRecord)
    if (!found)
      throw new EdgeloopError('NOT_FOUND', `there is no snapshot ${id}`, { where: keys.snapshot(id) })
    return found.value
  }

  return {
    ids,
    state,

    /** The newest run, or undefined before the first. */
    async latest(): Promise<RunState | undefined> {
      const id = (await ids()).at(-1)
      return id === undefined ? undefined : state(id)
    },

    /**
     * Asks for a run. Ids count up, and a run is created only if it is absent: of all that decide after the same run,
     * one gets it.
     *
     * @param after the newest run's id when it was decided that another one is due; undefined before the first
     * @returns undefined when somebody else was first
     */
    async create(run: Omit<Run, 'id' | 'dataset'>, after: string | undefined): Promise<Run | undefined> {
      const next = String(Number(after ?? 0) + 1).padStart(6, '0')
      const record: Run = { id: next, dataset, ...run }
      return (await putOnce(store, keys.run(next), record)) ? record : undefined
    },

    async setStatus(id: string, status: Omit<RunStatus, 'at'>): Promise<void> {
      await store.putJson(keys.runStatus(id), { ...status, at: new Date().toISOString() })
    },

    /**
     * Ends a run. The first verdict stands.
     *
     * @returns the verdict that stands
     */
    async setVerdict(id: string, verdict: Omit<Verdict, 'at'>): Promise<Verdict> {
      const record: Verdict = { ...verdict, at: new Date().toISOString() }
      if (await putOnce(store, keys.runVerdict(id), record)) return record
      const standing = await store.getJson(keys.runVerdict(id), verdictRecord)
      return standing?.value ?? record
    },

    /**
     * Writes a snapshot under the hash of its items. The same items make the same snapshot, which is written once and
     * then stays as it is.
     *
     * @param items one a photo, in any order
     * @param others photos that show none of the labels, in any order
     */
    async putSnapshot(items: readonly SnapshotItem[], others: readonly string[] = []): Promise<Snapshot> {
      const sorted = items.map(inOrder).sort((a, b) => (a.photo < b.photo ? -1 : 1))
      const foreign = others.toSorted()
      const seen = JSON.stringify(foreign.length > 0 ? [sorted, foreign] : sorted)
      const id = createHash('sha256').update(seen).digest('hex').slice(0, 16)
      const snapshot: Snapshot = { id, dataset, at: new Date().toISOString(), items: sorted, foreign }
      return (await putOnce(store, keys.snapshot(id), snapshot)) ? snapshot : getSnapshot(id)
    },

    getSnapshot,
  }
}

/** A snapshot's hash must not depend on the order in which somebody wrote the fields. */
function inOrder({ photo, label, origin, edge, answer }: SnapshotItem): SnapshotItem {
  return { photo, label, origin, edge, answer }
}
