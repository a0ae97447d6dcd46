import { expect, vi } from 'vitest'
import * as classify from '../../functions/classify/handler.ts'
import type { Environment } from '../../lib/function/index.ts'
import { serveFunction } from './servers.ts'

/** What `classify` says about a model. */
export interface ClassifyStatus {
  model: string
  wanted: number | null
  serving: number | null
  why: string | null
}

/** Whatever came: a test says what it expects. */
type Json = ReturnType<typeof JSON.parse>

/** The function behind HTTP, on a model cache that a test writes. */
export interface Classify {
  url: string
  status(model?: string): Promise<ClassifyStatus>
  /** Waits until it says so. */
  says(wanted: Partial<ClassifyStatus>, model?: string): Promise<void>
  /** Sends a photo's bytes. */
  post(photo: Uint8Array, init?: { signal?: AbortSignal; model?: string; type?: string }): Promise<Response>
  /** Asks TensorFlow Serving's API: `ask('photos:predict', { instances })`, `ask('photos')` for a status. */
  ask(path: string, body?: unknown): Promise<{ status: number; json: Json }>
  /** The value of a series of its metrics, by name and labels as Prometheus writes them; 0 where it is not there. */
  metric(series: string): Promise<number>
  close(): Promise<void>
}

export async function serveClassify(directory: string, environment: Environment = {}): Promise<Classify> {
  const served = await serveFunction(classify, {
    MODEL_CACHE: directory,
    MODEL_POLL_MS: '50',
    ...environment,
  })
  const of = (model?: string) => (model === undefined ? served.url : `${served.url}/?model=${model}`)
  const status = async (model?: string) => (await (await fetch(of(model))).json()) as ClassifyStatus
  return {
    url: served.url,
    status,
    says: (wanted, model) =>
      vi.waitFor(async () => expect(await status(model)).toMatchObject(wanted), {
        timeout: 20_000,
        interval: 50,
      }),
    post: (photo, { signal, model, type = 'application/octet-stream' } = {}) =>
      fetch(of(model), {
        method: 'POST',
        body: Buffer.from(photo),
        headers: { 'content-type': type },
        signal,
      }),
    async ask(path, body) {
      const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
      const response = await fetch(`${served.url}/v1/models/${path}`, init)
      return { status: response.status, json: await response.json() }
    },
    async metric(series) {
      const text = await (await fetch(`${served.url}/monitoring/prometheus/metrics`)).text()
      const line = text.split('\n').find((one) => one.startsWith(`${series} `))
      return line === undefined ? 0 : Number(line.slice(series.length))
    },
    close: served.close,
  }
}
