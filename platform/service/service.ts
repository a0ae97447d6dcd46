import { createInterface } from 'node:readline'
import { execa, type ResultPromise } from 'execa'
import type { z } from 'zod'
import { EdgeloopError, type ErrorCode } from '../../lib/errors/index.ts'
import { serviceMessage } from '../../lib/service/index.ts'

export interface ServiceOptions<R> {
  name: string
  /** The TypeScript file of its composition root. */
  main: string
  /** Asked at each start: a restarted service keeps the ports that it got. */
  environment(): Readonly<Record<string, string>>
  /** What the process tells when it is ready. */
  ready: z.ZodType<R>
  onReady(ready: R): void
  /** Ends it while it starts: another one that it waits for will not come. */
  signal?: AbortSignal
  /** Gets the lines that it writes, which go to standard error otherwise. */
  onOutput?(line: string): void
}

/** A part of the platform in a process of its own, which can be killed and started again. */
export interface Service {
  readonly name: string
  readonly running: boolean
  /** SIGKILL: nothing is said, nothing is saved. */
  kill(): Promise<void>
  /** Starts it again, and kills it first where it runs; resolves when it is ready. Once, however often it is asked. */
  restart(): Promise<void>
  /** Lets it finish what runs, for so long. */
  close(): Promise<void>
}

/** How long a service may take to stop before it is killed, in milliseconds. */
const STOP_MS = 4000
/** How long a service that ended by itself stays away, in milliseconds. */
const RESTART_MS = 1000

/**
 * Starts a service; resolves when it says that it is ready.
 * @throws EdgeloopError what the service says is in its way; UNAVAILABLE when it ends without a word
 */
export async function startService<R>(options: ServiceOptions<R>): Promise<Service> {
  const { name } = options
  // In an object, because a subprocess is a promise of its own end, and `await` would wait for that.
  let { child } = await launch()
  /** Whether its end is meant. */
  let ending = false
  /** Starts it again after it has ended by itself. */
  let comingBack: NodeJS.Timeout | undefined

  async function launch() {
    const child = execa(process.execPath, ['--import', 'tsx', options.main], {
      ipc: true,
      forceKillAfterDelay: STOP_MS,
      reject: false,
      buffer: false,
      // Standard output belongs to whoever started the platform.
      stdout: options.onOutput ? 'pipe' : 2,
      stderr: options.onOutput ? 'pipe' : 2,
      env: options.environment(),
    })
    for (const stream of [child.stdout, child.stderr])
      if (stream) createInterface({ input: stream }).on('line', (line) => options.onOutput?.(line))
    const giveUp = () => child.kill('SIGTERM')
    options.signal?.addEventListener('abort', giveUp, { once: true })
    if (options.signal?.aborted) giveUp()
    try {
      options.onReady(await readyMessage(child))
    } catch (error) {
      child.kill('SIGKILL')
      await child
      throw error
    } finally {
      options.signal?.removeEventListener('abort', giveUp)
    }
    watch(child)
    return { child }
  }

  async function readyMessage(child: Pick<ResultPromise<{ ipc: true }>, 'getOneMessage'>): Promise<R> {
    const said = await child.getOneMessage().catch((cause: unknown) => {
      throw new EdgeloopError('UNAVAILABLE', `${name} did not start`, {
        where: name,
        hint: 'its own message stands above',
        cause,
      })
    })
    const message = serviceMessage.parse(said)
    if ('ready' in message) return options.ready.parse(message.ready)
    const { error, code, where, hint } = message.failed
    throw new EdgeloopError(code as ErrorCode, error, { where: where ?? name, hint })
  }

  /** Somebody should hear of a service that ends by itself. */
  function watch(child: PromiseLike<{ exitCode?: number; signal?: string }>): void {
    child.then(({ exitCode, signal }) => {
      if (ending) return
      console.error(`${name} ended by itself (${signal ?? `exit code ${exitCode}`}); it is started again`)
      comingBack = setTimeout(() => {
        // Somebody else may have started it meanwhile.
        if (closed || starting || isRunning()) return
        restart().catch((error: unknown) => console.error(String(error)))
      }, RESTART_MS)
    })
  }

  async function end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    ending = true
    child.kill(signal)
    await child
  }

  /** Once it is closed, nothing is started any more: what is being started has to come up before it can be ended. */
  let closed = false
  async function close(): Promise<void> {
    closed = true
    clearTimeout(comingBack)
    await starting?.catch(() => {})
    await end('SIGTERM')
  }

  async function startAgain(): Promise<void> {
    if (closed) throw new EdgeloopError('UNAVAILABLE', `${name} is closed`, { where: name })
    if (isRunning()) await end('SIGKILL')
    child = (await launch()).child
    ending = false
  }

  /** The one that goes on: two would be in each other's way. */
  let starting: Promise<void> | undefined
  function restart(): Promise<void> {
    starting ??= startAgain().finally(() => {
      starting = undefined
    })
    return starting
  }
  const isRunning = () => child.exitCode === null && child.signalCode === null
  return {
    name,
    get running() {
      return isRunning()
    },
    kill: () => end('SIGKILL'),
    restart,
    close,
  }
}
