/**
 * OpenFaaS against Edgeloop, row by row: docs/openfaas-compatibility.md is made from this, and the gateway's contract suite
 * checks it on every provider.
 * @module
 */

/** `same`: as in OpenFaaS. `differs`: there, with the deviation that is named. `absent`: ignored, or answered with 404. */
export type Support = 'same' | 'differs' | 'absent'

export interface Row {
  name: string
  support: Support
  /** What is otherwise and why; nothing where it is the same. */
  note?: string
}

const same = (name: string, note?: string): Row => ({ name, support: 'same', note })
const differs = (name: string, note: string): Row => ({ name, support: 'differs', note })
const absent = (name: string, note: string): Row => ({ name, support: 'absent', note })

/** `METHOD /path`, with `{name}` for a function, a namespace or the like. */
export const ROUTES: readonly Row[] = [
  same('GET /system/functions'),
  differs(
    'POST /system/functions',
    'refused with the reason where no node can take it, before anything is made'
  ),
  differs(
    'PUT /system/functions',
    'the same; a function at edges changes on each edge as it comes into reach'
  ),
  same('DELETE /system/functions'),
  differs('GET /system/function/{name}', '`status` says how far an update has come'),
  differs(
    'POST /system/scale-function/{name}',
    'a function at edges answers 400: switch it off at an edge instead'
  ),
  same('GET /system/secrets', 'only secrets that the gateway has made'),
  same('POST /system/secrets'),
  same('PUT /system/secrets'),
  same('DELETE /system/secrets'),
  same('GET /system/logs'),
  same('GET /system/info'),
  same('GET /system/namespaces'),
  same('POST /system/namespace/'),
  same('GET /system/namespace/{name}'),
  same('PUT /system/namespace/{name}'),
  same('DELETE /system/namespace/{name}', '`openfaas-fn` cannot be removed'),
  differs(
    'POST /function/{name}',
    'and every other method; a function at edges is asked with `X-Edge`, and answers 421 with the edges to choose from without it'
  ),
  differs(
    'POST /async-function/{name}',
    'kept on disk, bodies of 256 MiB instead of 256 KB; a function that does not exist is answered with 404 at once; a call that came to nothing is a dead letter'
  ),
  same('GET /healthz'),
  differs('GET /metrics', 'at the gateway’s own port, not at 8082'),
  absent('POST /system/alert', 'a HorizontalPodAutoscaler scales, and not Prometheus’ alerts'),
  absent('POST /system/build', 'images are built by faas-cli or `edgeloop build`'),
  absent('GET /ui/', 'there is no such page'),
]

/** Of requests, answers and callbacks. */
export const HEADERS: readonly Row[] = [
  same('X-Call-Id'),
  same('X-Start-Time'),
  same('X-Duration-Seconds'),
  same('X-Forwarded-For'),
  same('X-Forwarded-Host'),
  same('X-Callback-Url'),
  same('X-Function-Name', 'of a callback'),
  same('X-Function-Status', 'of a callback'),
  differs(
    'X-OpenFaaS-Internal',
    '`gateway` on what the gateway itself refuses; the template’s server says `of-watchdog`'
  ),
  absent(
    'X-Topic',
    'means nothing to the gateway; the connector and the scheduler send it to functions, as OpenFaaS’ do'
  ),
]

export const LABELS: readonly Row[] = [
  differs('com.openfaas.scale.min', '1 where absent; of a function at edges it means nothing'),
  differs(
    'com.openfaas.scale.max',
    'a HorizontalPodAutoscaler up to this many; nothing scales where it is absent (OpenFaaS: 20)'
  ),
  differs(
    'com.openfaas.scale.type',
    'only `cpu`: others are measured by OpenFaaS’ own autoscaler, and are refused'
  ),
  differs('com.openfaas.scale.target', 'thousandths of a core for each pod; 500 where absent'),
  same('com.openfaas.scale.zero', 'only for functions of the cloud'),
  same('com.openfaas.scale.zero-duration'),
  absent(
    'com.openfaas.scale.target-proportion',
    'ignored: a HorizontalPodAutoscaler has a tolerance of its own'
  ),
  absent('com.openfaas.scale.factor', 'ignored, as OpenFaaS does since its autoscaler'),
]

export const ANNOTATIONS: readonly Row[] = [
  differs('topic', 'topics of MQTT with `+` and `#`; `cron-function` for those that run by the clock'),
  differs(
    'schedule',
    'five fields, `@hourly` and its like, `@every 10m`, `CRON_TZ=…`; runs where the function is, so at an edge without the cloud, too; the last tick that was missed is made up for'
  ),
  differs('com.openfaas.profile', 'several with commas; with what annotations of the profile add'),
  same('com.openfaas.health.http.path'),
  same('com.openfaas.health.http.initialDelay'),
  same('com.openfaas.ready.http.path'),
  same('com.openfaas.ready.http.initialDelay'),
  differs('com.openfaas.retry.attempts', '10 where absent; 429 is waited for and does not count'),
  same('com.openfaas.retry.codes'),
  same('com.openfaas.retry.min_wait'),
  same('com.openfaas.retry.max_wait'),
  absent('com.openfaas.queue', 'ignored: each function has a queue of its own'),
  absent('com.openfaas.serviceaccount', 'ignored: no function gets a token of the cluster'),
  absent('com.openfaas.ui.ext', 'ignored'),
]
