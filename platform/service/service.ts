import { execa, type ResultPromise } from 'execa'
import type { z } from 'zod'
import { EdgeloopError } from '../../lib/errors/index.ts'

export interface ServiceOptions<R> {
  name: string
  /** The TypeScript file of its composition root. */
  main: string
  /** Asked at each start: a restarted service keeps the ports that it got. */
  environment(): Readonly<Record<string, string>>
  /** What the process tells when it is ready. */
  ready: z.ZodType<R>
  onReady(ready: R): void
}

/** A part of the platform in a process of its own, which can be killed and started again. */
export interface Service {
  readonly name: string
  readonly running: boolean
  /** SIGKILL: nothing is said, nothing is saved. */
  kill(): Promise<void>
  /** Resolves when it is ready. */
  restart(): Promise<void>
  /** Lets it finish what runs, for so long. */
  close(): Promise<void>
}

/** How long a service may take to stop before it is killed, in milliseconds. */
const STOP_MS = 4000

/**
 * Starts a service; resolves when it says that it is ready.
 * @throws EdgeloopError UNAVAILABLE when it ends instead
 */
export async function startService<R>(options: ServiceOptions<R>): Promise<Service> {
  // In an object, because a subprocess is a promise of its own end, and `await` would wait for that.
  let { child } = await launch()

  async function launch() {
    const child = execa(process.execPath, ['--import', 'tsx', options.main], {
      ipc: true,
      forceKillAfterDelay: STOP_MS,
      reject: false,
      buffer: false,
      // Standard output belongs to whoever started the platform.
      stdout: 2,
      stderr: 2,
      env: options.environment(),
    })
    options.onReady(await readyMessage(child))
    return { child }
  }

  async function readyMessage(child: Pick<ResultPromise<{ ipc: true }>, 'getOneMessage'>): Promise<R> {
    try {
      return options.ready.parse(await child.getOneMessage())
    } catch (cause) {
      throw new EdgeloopError('UNAVAILABLE', `${options.name} did not start`, {
        where: options.name,
        hint: 'its own message stands above',
        cause,
      })
    }
  }

  return {
    name: options.name,
    get running() {
      return child.exitCode === null && child.signalCode === null
    },
    async kill() {
      child.kill('SIGKILL')
      await child
    },
    async restart() {
      child = (await launch()).child
    },
    async close() {
      child.kill('SIGTERM')
      await child
    },
  }
}
