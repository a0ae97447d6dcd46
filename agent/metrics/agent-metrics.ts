import { Hono } from 'hono'
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Heartbeat } from '../../lib/edge-status/index.ts'
import type { Spool } from '../../lib/spool/index.ts'
import type { Delivery } from '../connector/index.ts'
import { spoolMetrics } from './spool-metrics.ts'

export interface AgentMetricsOptions {
  spool: Spool<Delivery>
  /** Asked at each scrape. */
  heartbeat(): Promise<Heartbeat>
}

type Invoke = (name: string, request: Request) => Promise<Response>

/** What happened since the process began, and how things are at the moment of a scrape. */
export interface AgentMetrics {
  /** A photo is on disk, and the device has its receipt. */
  received(bytes: number, repeated: boolean): void
  /** A device has been told that its photo is not taken, with the error's code. */
  refused(code: string): void
  /** Invokes as before, and counts what became of it. */
  counting(invoke: Invoke): Invoke
  /** `GET /metrics` */
  routes: Hono
}

/** Above all others, so that dashboards find them. */
const PREFIX = 'edgeloop_agent_'
/** What a function says that will never take an event. */
const REFUSALS: ReadonlySet<number> = new Set([400, 413, 415, 422])

export function createAgentMetrics({ spool, heartbeat }: AgentMetricsOptions): AgentMetrics {
  const registry = new Registry()
  const registers = [registry]
  // Under the names that every Node.js process has, the event loop's lag among them.
  collectDefaultMetrics({ register: registry })
  spoolMetrics(PREFIX, registry, spool)

  const photos = new Counter({
    name: `${PREFIX}photos_received_total`,
    help: 'Photos that are on disk and receipted; repeated ones were there before.',
    labelNames: ['repeated'],
    registers,
  })
  const bytes = new Counter({
    name: `${PREFIX}photo_bytes_received_total`,
    help: 'Bytes of these photos, repeated ones included.',
    registers,
  })
  const refusals = new Counter({
    name: `${PREFIX}receipts_refused_total`,
    help: 'Receipts which say that a photo is not taken.',
    labelNames: ['code'],
    registers,
  })
  const invocations = new Counter({
    name: `${PREFIX}invocations_total`,
    help: 'Invocations of functions by events: ok, refused for good, failed for now, or unreachable.',
    labelNames: ['function', 'outcome'],
    registers,
  })
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `${PREFIX}${name}`, help, labelNames, registers })
  const info = gauge('info', 'Which agent this is.', ['edge', 'version', 'instance'])
  const connected = gauge('uplink_connected', "Whether the cloud's broker is in reach.")
  const wanted = gauge(
    'model_wanted_version',
    'The version that the channel points at, as far as is known.',
    ['model_name']
  )
  const serving = gauge('model_serving_version', 'The version that classify says it serves.', ['model_name'])
  const revision = gauge('desired_revision', 'The revision of the desired configuration that is applied.')
  const refusedDesired = gauge('desired_refused', 'Whether a desired configuration is there and not applied.')
  const available = gauge('function_available', 'Whether a function that should run here does.', ['function'])
  const alarms = gauge('alarms', 'Alarms that are up.', ['code'])

  function show({ edge, agent, link, model, desired, functions, alarms: up }: Heartbeat): void {
    if (agent) info.set({ edge, version: agent.version, instance: agent.instance }, 1)
    connected.set(link.connected ? 1 : 0)
    setOrForget(wanted, model.name, model.wanted)
    setOrForget(serving, model.name, model.serving)
    revision.set(desired.revision ?? 0)
    refusedDesired.set(desired.problem === null ? 0 : 1)
    available.reset()
    for (const { name, replicas, available: running } of functions)
      if (replicas > 0) available.set({ function: name }, running > 0 ? 1 : 0)
    alarms.reset()
    for (const { code } of up) alarms.inc({ code })
  }

  return {
    received(size, repeated) {
      photos.inc({ repeated: String(repeated) })
      bytes.inc(size)
    },
    refused: (code) => refusals.inc({ code }),
    counting: (invoke) => async (name, request) => {
      try {
        const response = await invoke(name, request)
        const outcome = response.ok ? 'ok' : REFUSALS.has(response.status) ? 'refused' : 'failed'
        invocations.inc({ function: name, outcome })
        return response
      } catch (thrown) {
        invocations.inc({ function: name, outcome: 'unreachable' })
        throw thrown
      }
    },
    routes: new Hono().get('/metrics', async (c) => {
      show(await heartbeat())
      return c.body(await registry.metrics(), 200, { 'Content-Type': registry.contentType })
    }),
  }
}

/** A version that is not known is no version 0. */
function setOrForget(gauge: Gauge, model: string, version: number | null): void {
  if (version === null) gauge.remove({ model_name: model })
  else gauge.set({ model_name: model }, version)
}
