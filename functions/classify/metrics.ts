import { Counter, Gauge, Histogram, linearBuckets, Registry } from 'prom-client'
import type { BatchReport } from '../../lib/batching/index.ts'
import { asEdgeloopError } from '../../lib/errors/index.ts'

/** A request that was answered. */
interface Answered {
  /** The empty name where it named none that is here: names from outside do not become series. */
  model: string
  api: 'predict' | 'classify' | 'regress' | 'photo' | 'event'
  /** `OK`, or what TensorFlow Serving or this program calls the failure. */
  status: string
  milliseconds: number
}

/**
 * What this function measures. Where TensorFlow Serving measures the same, it has the name, labels, unit and buckets that it
 * has there, so that dashboards find it.
 * https://github.com/tensorflow/serving/blob/master/tensorflow_serving/servables/tensorflow/util.cc
 */
export interface Metrics {
  answered(request: Answered): void
  /** Does what answers a request, and counts it. */
  measure<T>(request: Pick<Answered, 'model' | 'api'>, work: () => Promise<T>): Promise<T>
  /** A batch of photos, on a backbone that several models may share. */
  computed(backbone: string, runtime: string, batch: BatchReport): void
  decoded(milliseconds: number): void
  /** A photo was asked for; `known`: it was computed before, or is being computed. */
  asked(known: boolean): void
  loaded(model: string, milliseconds: number): void
  failedToLoad(model: string): void
  serves(model: string, version: number): void
  /** In Prometheus' text format. */
  text(): Promise<{ body: string; contentType: string }>
}

const exponential = (start: number, factor: number, count: number) =>
  Array.from({ length: count }, (_, i) => Math.round(start * factor ** i))

/** TensorFlow Serving's buckets of microseconds, up to some 20 minutes. */
const LATENCIES = exponential(10, 1.8, 33)
const QUEUING = exponential(100, 1.2, 52)
const SIZES = exponential(1, 2, 14)
/** Milliseconds to seconds. */
const SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]

const SERVING = ':tensorflow:serving:'
const OWN = 'edgeloop_classify_'

export function createMetrics(): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const requests = new Counter({
    name: `${SERVING}request_count`,
    help: 'The total number of requests.',
    labelNames: ['model_name', 'status'],
    registers,
  })
  const latency = new Histogram({
    name: `${SERVING}request_latency`,
    help: 'How long requests took that were served, in microseconds.',
    labelNames: ['model_name', 'API', 'entrypoint'],
    buckets: LATENCIES,
    registers,
  })
  const runtimeLatency = new Histogram({
    name: `${SERVING}runtime_latency`,
    help: 'How long batches of photos took on a backbone, in microseconds.',
    labelNames: ['model_name', 'API', 'runtime'],
    buckets: LATENCIES,
    registers,
  })
  const queuing = new Histogram({
    name: `${SERVING}batching_session:queuing_latency`,
    help: 'How long photos waited for their batch to begin, in microseconds.',
    labelNames: ['thread_pool_name'],
    buckets: QUEUING,
    registers,
  })
  const inputBatch = new Histogram({
    name: `${SERVING}batching_session:input_batch_size`,
    help: 'Photos in a batch.',
    buckets: SIZES,
    registers,
  })
  const processedBatch = new Histogram({
    name: `${SERVING}batching_session:processed_batch_size`,
    help: 'Photos in a batch with its padding.',
    buckets: SIZES,
    registers,
  })
  const padding = new Histogram({
    name: `${SERVING}batching_session:padding_size`,
    help: 'How much padding a batch has.',
    labelNames: ['execution_batch_size'],
    buckets: linearBuckets(0, 1, 8),
    registers,
  })
  const decoding = new Histogram({
    name: `${OWN}decode_seconds`,
    help: 'How long photos took to become pixels, waiting for memory included.',
    buckets: SECONDS,
    registers,
  })
  const hits = new Counter({
    name: `${OWN}cache_hits_total`,
    help: 'Photos that were computed before, or were being computed, when they were asked for.',
    registers,
  })
  const misses = new Counter({
    name: `${OWN}cache_misses_total`,
    help: 'Photos that had to be computed.',
    registers,
  })
  const loading = new Histogram({
    name: `${OWN}swap_seconds`,
    help: 'How long a version took from being noticed until it served.',
    labelNames: ['model_name'],
    buckets: SECONDS,
    registers,
  })
  const failures = new Counter({
    name: `${OWN}load_failures_total`,
    help: 'Attempts at a version that did not load.',
    labelNames: ['model_name'],
    registers,
  })
  const serving = new Gauge({
    name: `${OWN}serving_version`,
    help: 'The version that answers whoever names none.',
    labelNames: ['model_name'],
    registers,
  })

  function answered({ model, api, status, milliseconds }: Answered): void {
    requests.inc({ model_name: model, status })
    if (status === 'OK')
      latency.observe({ model_name: model, API: api, entrypoint: 'REST' }, milliseconds * 1000)
  }

  return {
    answered,
    async measure(request, work) {
      const began = performance.now()
      const ended = (status: string) =>
        answered({ ...request, status, milliseconds: performance.now() - began })
      try {
        const result = await work()
        ended('OK')
        return result
      } catch (thrown) {
        ended(asEdgeloopError(thrown).code)
        throw thrown
      }
    },
    computed(backbone, runtime, { size, padded, waitedMs, tookMs }) {
      runtimeLatency.observe({ model_name: backbone, API: 'predict', runtime }, tookMs * 1000)
      for (const waited of waitedMs) queuing.observe({ thread_pool_name: backbone }, waited * 1000)
      inputBatch.observe(size)
      processedBatch.observe(padded)
      padding.observe({ execution_batch_size: padded }, padded - size)
    },
    decoded: (milliseconds) => decoding.observe(milliseconds / 1000),
    asked: (known) => (known ? hits : misses).inc(),
    loaded: (model, milliseconds) => loading.observe({ model_name: model }, milliseconds / 1000),
    failedToLoad: (model) => failures.inc({ model_name: model }),
    serves: (model, version) => serving.set({ model_name: model }, version),
    text: async () => ({ body: await registry.metrics(), contentType: registry.contentType }),
  }
}
