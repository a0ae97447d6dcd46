import { createInterface } from 'node:readline'
import { execa, type ResultPromise } from 'execa'
import type { z } from 'zod'
import { asEdgeloopError, EdgeloopError, type ErrorCode } from '../../lib/errors/index.ts'
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
  /** What it waits for before it is ready, for messages. */
  waitsFor?: string
  /** How long it may take to get ready, in milliseconds. */
  readyMs?: number
  /** How long it stays away at first when it has ended by itself, in milliseconds; twice as long after each failure. */
  restartMs?: number
  /** Ends it while it starts: another one that it waits for will not come. Afterwards, it does not come back by itself. */
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
/** A loaded machine is slow; what takes longer than this will not come. In milliseconds. */
const READY_MS = 90_000
/** How long a service that ended by itself stays away at first, and at most, in milliseconds. */
const RESTART_MS = 1000
const LONGEST_RESTART_MS = 30_000

/**
 * Starts a service; resolves when it says that it is ready.
 * @throws EdgeloopError what the service says is in its way; UNAVAILABLE when it ends without a word, TIMEOUT when it
 * does neither
 */
export async function startService<R>(options: ServiceOptions<R>): Promise<Service> {
  const { name, readyMs = READY_MS, restartMs = RESTART_MS } = options
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
    let late: NodeJS.Timeout | undefined
    const tooLate = new Promise<never>((_, reject) => {
      late = setTimeout(() => reject(notReady()), readyMs)
    })
    const message = child.getOneMessage().catch((cause: unknown) => {
      throw new EdgeloopError('UNAVAILABLE', `${name} did not start`, {
        where: name,
        hint: 'its own message stands above',
        cause,
      })
    })
    const said = serviceMessage.parse(
      await Promise.race([message, tooLate]).finally(() => clearTimeout(late))
    )
    if ('ready' in said) return options.ready.parse(said.ready)
    const { error, code, where, hint } = said.failed
    throw new EdgeloopError(code as ErrorCode, error, { where: where ?? name, hint })
  }

  function notReady(): EdgeloopError {
    const { waitsFor } = options
    const what = waitsFor ? `${name} still waits for ${waitsFor}` : `${name} is not ready`
    return new EdgeloopError('TIMEOUT', `${what} after ${readyMs / 1000} s`, {
      where: name,
      hint: 'see what it and the others have said above, and whether the machine has anything left to give',
    })
  }

  /** Somebody should hear of a service that ends by itself; not of one that ends because everything does. */
  function watch(child: PromiseLike<{ exitCode?: number; signal?: string }>): void {
    child.then(({ exitCode, signal }) => {
      if (ending) return
      const how = signal ?? `exit code ${exitCode}`
      comeBack(restartMs, `${name} ended by itself (${how}); it is started again`)
    })
  }

  /** What keeps it from starting may pass: a port that is taken, a disk that is full. */
  function comeBack(pause: number, announcement?: string): void {
    comingBack = setTimeout(() => {
      // Somebody else may have started it meanwhile.
      if (closed || starting || isRunning() || options.signal?.aborted) return
      if (announcement) console.error(announcement)
      restart().catch((thrown: unknown) => {
        if (closed) return
        const { message, where, hint } = asEdgeloopError(thrown)
        const longer = Math.min(2 * pause, LONGEST_RESTART_MS)
        const next = `the next attempt comes in ${longer / 1000} s`
        console.error([`${name} does not start: ${message}`, where, hint, next].filter(Boolean).join('; '))
        comeBack(longer)
      })
    }, pause)
  }

  async function end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    ending = true
    clearTimeout(comingBack)
    child.kill(signal)
    await child
  }

  /** Once it is closed, nothing is started any more: what is being started has to come up before it can be ended. */
  let closed = false
  async function close(): Promise<void> {
    closed = true
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
