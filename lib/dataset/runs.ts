import { createHash } from 'node:crypto'
import { EdgeloopError } from '../errors/index.ts'
import type { ObjectStore } from '../s3/index.ts'
import { datasetKeys } from './keys.ts'
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

  return {
    ids,
    state,

    /** The newest run, or undefined before the first. */
    async latest(): Promise<RunState | undefined> {
      const id = (await ids()).at(-1)
      return id === undefined ? undefined : state(id)
    },

    /**
     * Asks for a run. Ids count up, and a run is created only if it is absent: of two that ask at once, one gets it.
     *
     * @returns undefined when somebody else was first
     */
    async create(run: Omit<Run, 'id' | 'dataset'>): Promise<Run | undefined> {
      const next = String(Number((await ids()).at(-1) ?? 0) + 1).padStart(6, '0')
      const record: Run = { id: next, dataset, ...run }
      try {
        await store.putJson(keys.run(next), record, { ifAbsent: true })
        return record
      } catch (error) {
        if (error instanceof EdgeloopError && error.code === 'CONFLICT') return undefined
        throw error
      }
    },

    async setStatus(id: string, status: Omit<RunStatus, 'at'>): Promise<void> {
      await store.putJson(keys.runStatus(id), { ...status, at: new Date().toISOString() })
    },

    async setVerdict(id: string, verdict: Omit<Verdict, 'at'>): Promise<void> {
      await store.putJson(keys.runVerdict(id), { ...verdict, at: new Date().toISOString() })
    },

    /** Writes a snapshot under the hash of its items; the same items make the same snapshot. */
    async putSnapshot(items: SnapshotItem[]): Promise<Snapshot> {
      const sorted = items.toSorted((a, b) => (a.photo < b.photo ? -1 : 1))
      const id = createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 16)
      const snapshot: Snapshot = { id, dataset, at: new Date().toISOString(), items: sorted }
      await store.putJson(keys.snapshot(id), snapshot)
      return snapshot
    },

    async getSnapshot(id: string): Promise<Snapshot> {
      const found = await store.getJson(keys.snapshot(id), snapshotRecord)
      if (!found)
        throw new EdgeloopError('NOT_FOUND', `there is no snapshot ${id}`, { where: keys.snapshot(id) })
      return found.value
    },
  }
}
