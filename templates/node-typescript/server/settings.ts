import { durationMs } from './duration.ts'

/** What of-watchdog reads from the environment, under its names, and where the server listens. */
export interface Settings {
  host: string
  port: number
  /** Where metrics are; 0: nowhere. */
  metricsPort: number
  /** Requests at the same time; more are told to come again. 0: as many as come. */
  maxInflight: number
  /** How long a request may take, in milliseconds; 0: as long as it takes. */
  execTimeoutMs: number
  /** After SIGTERM: how long it is unready and goes on answering, until everybody has noticed, in milliseconds. */
  lameDuckMs: number
  /** After that: how long requests that began may take to end, in milliseconds. */
  graceMs: number
  /** Where secrets are mounted. */
  secrets: string
}

/** @throws Error naming the variable */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const duration = (name: string, fallback: string) => {
    const text = environment[name] || fallback
    const value = durationMs(text)
    if (value === undefined) throw new Error(`${name}: "${text}" is no duration; write it as 30s or 1m30s`)
    return value
  }
  const count = (name: string, fallback: number, most: number) => {
    const value = Number(environment[name] || fallback)
    if (!Number.isInteger(value) || value < 0 || value > most)
      throw new Error(`${name}: "${environment[name]}" is no whole number from 0 to ${most}`)
    return value
  }
  return {
    host: environment.HOST || '0.0.0.0',
    port: count('PORT', count('port', 8080, 65_535), 65_535),
    // Whoever says at which address shares the network with others, who may want this port, too.
    metricsPort: count('metrics_port', environment.HOST ? 0 : 8081, 65_535),
    maxInflight: count('max_inflight', 0, Number.MAX_SAFE_INTEGER),
    execTimeoutMs: duration('exec_timeout', '0'),
    lameDuckMs: duration('healthcheck_interval', '0'),
    graceMs: duration('write_timeout', '25s'),
    secrets: environment.SECRETS_DIR || '/var/openfaas/secrets',
  }
}
