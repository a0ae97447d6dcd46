import type { V1Job, V1JobStatus, V1Pod, V1PodStatus } from '@kubernetes/client-node'
import { Hono } from 'hono'
import { serve } from '../../test/support/index.ts'

/**
 * For tests: as much of a Kubernetes API server as Jobs need, on a real socket. Nothing runs there: the test says what
 * becomes of Jobs and pods.
 */
export async function openFakeApiServer() {
  const jobs = new Map<string, V1Job>()
  const pods = new Map<string, V1Pod>()
  const logs = new Map<string, { lines: string[]; ended: boolean }>()
  const followers = new Set<{ pod: string; controller: ReadableStreamDefaultController<Uint8Array> }>()
  const requests: string[] = []
  let failure: number | undefined

  const failed = (code: number, reason: string) =>
    Response.json({ kind: 'Status', message: `${reason} by the test`, reason, code }, { status: code })
  const bytes = (line: string) => new TextEncoder().encode(`${line}\n`)

  const app = new Hono()
  app.use(async (c, next) => {
    requests.push(`${c.req.method} ${c.req.path}`)
    return failure === undefined
      ? next()
      : failed(failure, failure === 403 ? 'jobs cannot create resource' : 'Failure')
  })
  app.post('/apis/batch/v1/namespaces/edgeloop/jobs', async (c) => {
    const job: V1Job = await c.req.json()
    const name = job.metadata!.name!
    if (jobs.has(name)) return failed(409, 'AlreadyExists')
    jobs.set(name, job)
    return c.json(job as object, 201)
  })
  app.get('/apis/batch/v1/namespaces/edgeloop/jobs/:name', (c) => {
    const job = jobs.get(c.req.param('name'))
    return job ? c.json(job as object) : failed(404, 'NotFound')
  })
  app.delete('/apis/batch/v1/namespaces/edgeloop/jobs/:name', (c) => {
    const isThere = jobs.delete(c.req.param('name'))
    if (isThere && c.req.query('propagationPolicy') === 'Background')
      pods.delete(`${c.req.param('name')}-pod`)
    return isThere ? c.json({}) : failed(404, 'NotFound')
  })
  app.get('/api/v1/namespaces/edgeloop/pods', (c) => {
    const [label, value] = c.req.query('labelSelector')!.split('=')
    const items = [...pods.values()].filter(({ metadata }) => metadata!.labels![label!] === value)
    return c.json({ items, metadata: { resourceVersion: '1' } } as object)
  })
  app.get('/api/v1/namespaces/edgeloop/pods/:pod/log', (c) => {
    const pod = c.req.param('pod')
    const { lines, ended } = logOf(pod)
    if (c.req.query('follow') !== 'true') return failed(400, 'BadRequest')
    return new Response(
      new ReadableStream({
        start(controller) {
          for (const line of lines) controller.enqueue(bytes(line))
          if (ended) controller.close()
          else followers.add({ pod, controller })
        },
      })
    )
  })
  const server = await serve(app.fetch)

  function logOf(pod: string) {
    const log = logs.get(pod) ?? { lines: [], ended: false }
    logs.set(pod, log)
    return log
  }
  function leave(pod: string | undefined, how: (controller: ReadableStreamDefaultController) => void): void {
    for (const follower of followers) {
      if (pod !== undefined && follower.pod !== pod) continue
      followers.delete(follower)
      how(follower.controller)
    }
  }

  return {
    url: server.url,
    jobs: jobs as ReadonlyMap<string, V1Job>,
    /** `METHOD path` of each request. */
    requests,
    /** Answers everything with this status from now on; as it should when undefined. */
    fail(status: number | undefined) {
      failure = status
    },
    /** Gives a Job its pod, or that pod another status. */
    pod(job: string, status: V1PodStatus) {
      const { labels } = jobs.get(job)!.spec!.template.metadata!
      pods.set(`${job}-pod`, { metadata: { name: `${job}-pod`, labels }, status })
    },
    /** What becomes of a Job by itself. */
    job(name: string, status: V1JobStatus) {
      jobs.set(name, { ...jobs.get(name)!, status })
    },
    /** Somebody deletes it. */
    remove(name: string) {
      jobs.delete(name)
      pods.delete(`${name}-pod`)
    },
    write(job: string, message: object | string) {
      const line = typeof message === 'string' ? message : JSON.stringify(message)
      logOf(`${job}-pod`).lines.push(line)
      for (const { pod, controller } of followers) if (pod === `${job}-pod`) controller.enqueue(bytes(line))
    },
    endLog(job: string) {
      logOf(`${job}-pod`).ended = true
      leave(`${job}-pod`, (controller) => controller.close())
    },
    breakLogs: () => leave(undefined, (controller) => controller.error(new Error('broken off'))),
    close: server.close,
  }
}
