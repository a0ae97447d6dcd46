import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { connectEvents } from '../../lib/event-client/index.ts'
import type { EdgeloopEvent } from '../../lib/events/index.ts'
import { type ObjectStore, objectStoreFromEnv } from '../../lib/s3/index.ts'
import { findRunning, type RunningPlatform } from '../../platform/index.ts'

/** Where `npm start` keeps its state: by itself, and in a run of so many rounds. */
const DEFAULT_STATES = ['.edgeloop/state', '.edgeloop/experiment']

/** How long an event may take to reach the cloud; nothing depends on it. In milliseconds. */
const HINT_MS = 3000

/** A running platform, as commands use it. */
export interface Connection {
  platform: RunningPlatform
  store: ObjectStore
  /** Tells the cloud about something that is in the bucket already; gives up after a moment. */
  publish(event: EdgeloopEvent): Promise<void>
}

/**
 * Runs a command against the platform that runs on a state directory.
 *
 * @param state the directory as the user gave it; where `npm start` runs by default when absent
 * @throws EdgeloopError NOT_FOUND when none runs there
 */
export async function withPlatform<T>(
  state: string | undefined,
  work: (connection: Connection) => Promise<T>
): Promise<T> {
  const { platform, directory } = await find(state)
  const store = objectStoreFromEnv({
    S3_ENDPOINT: platform.s3.endpoint,
    S3_BUCKET: platform.s3.bucket,
    SECRETS_DIR: path.join(directory, 'secrets'),
  })
  try {
    return await work({ platform, store, publish: (event) => hint(platform, event) })
  } finally {
    store.close()
  }
}

async function find(given: string | undefined): Promise<{ platform: RunningPlatform; directory: string }> {
  // npm runs its scripts in the package's folder; paths are meant from where the user stands.
  const from = process.env.INIT_CWD ?? process.cwd()
  const directories = (given === undefined ? DEFAULT_STATES : [given]).map((each) => path.resolve(from, each))
  for (const directory of directories) {
    const platform = await findRunning(directory)
    if (platform) return { platform, directory }
  }
  throw new EdgeloopError('NOT_FOUND', 'no platform is running there', {
    where: directories.join(', '),
    hint: 'start one with npm start, or say with --state DIR where the one that you mean keeps its state',
  })
}

async function hint({ broker }: RunningPlatform, event: EdgeloopEvent): Promise<void> {
  const events = connectEvents({ broker, name: `edgeloop-${process.pid}` })
  try {
    await Promise.race([events.publish(event), sleep(HINT_MS, undefined, { ref: false })])
  } finally {
    await events.close()
  }
}
