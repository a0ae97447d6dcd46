import path from 'node:path'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { createPlatform, type Platform } from '../../platform/index.ts'
import { keepTurning, runRounds } from '../../platform/rounds/index.ts'
import { liveReporter } from '../live/index.ts'
import { jsonReporter, type Reporter, textReporter } from '../reporters/index.ts'
import type { StartOptions } from './options.ts'
import { favouritePort } from './ports.ts'
import { openSupply } from './supply.ts'

/** Brings the local platform up and turns the loop, until the rounds are done or somebody stops it. */
export async function start(options: StartOptions): Promise<void> {
  const stopping = new AbortController()
  const stop = () => stopping.abort(new EdgeloopError('UNAVAILABLE', 'stopped'))
  // Not `once`: a listener that has gone when execa's own is called looks to that one as if nobody had listened, and
  // it ends this process at once, with everything half done. SIGHUP: the terminal was closed.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop)
  // Nobody reads any more: `npm start -- --json | head`.
  process.stdout.on('error', stop)

  const reporter = createReporter(options, stop)
  let platform: Platform | undefined
  try {
    const supply = await openSupply(options, reporter.event, stopping.signal)
    platform = await createPlatform({
      state: options.state,
      fresh: options.fresh,
      edges: options.edges,
      host: options.host,
      port: options.port ?? (await favouritePort(options.host, options.edges)),
      uplink: options.uplink,
      backboneDir: options.backboneDir,
      // Rounds end with a tick of the schedule; an event in the middle of one must not start a run.
      retrain: { RETRAIN_MIN_NEW: String(options.perRound * 1000) },
      onOutput: reporter.output,
      signal: stopping.signal,
    })
    reporter.attach?.(platform)
    const { gateway, edges } = platform
    const places = edges.map(({ name, gateway, broker }) => ({ name, gateway, broker }))
    reporter.event({ event: 'started', gateway, edges: places })
    if (platform.credentials !== undefined) reporter.note(howToLogIn(gateway, platform.credentials))
    await runRounds({
      platform,
      supply,
      state: options.state,
      rounds: options.rounds,
      perRound: options.perRound,
      labelsPerRound: options.labelsPerRound,
      devicesPerEdge: options.devices,
      faults: { cuts: options.cut, kills: options.kill },
      onEvent: reporter.event,
      signal: stopping.signal,
    })
    if (options.rounds === undefined) {
      reporter.note('The cameras have shown all their photos; everything stays up until Ctrl-C.')
      await keepTurning(platform, reporter.event, stopping.signal)
    }
  } catch (error) {
    if (!stopping.signal.aborted) throw error
  } finally {
    reporter.close()
    await platform?.dispose()
  }
}

function howToLogIn(gateway: string, credentials: string): string {
  const password = path.relative('.', path.join(credentials, 'basic-auth-password'))
  return `The gateway asks for credentials: faas-cli login -g ${gateway} --password-stdin < ${password}`
}

/** The live view where somebody can see it. */
function createReporter({ json, plain, perRound }: StartOptions, stop: () => void): Reporter {
  const { stdin: input, stdout: output } = process
  if (json) return jsonReporter(output)
  if (plain || !output.isTTY || process.env.TERM === 'dumb') return textReporter(output)
  return liveReporter({ input, output, perRound, stop })
}
