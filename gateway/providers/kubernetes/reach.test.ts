import type { V1Pod } from '@kubernetes/client-node'
import { expect, it } from 'vitest'
import { EdgeloopError } from '../../../lib/errors/index.ts'
import type { ClusterView } from './cluster-view.ts'
import type { FoundFunction } from './found-function.ts'
import { FUNCTION_LABEL } from './names.ts'
import { createPods } from './pods.ts'
import { createReach } from './reach.ts'

const asleep = {
  namespace: 'openfaas-fn',
  name: 'one',
  workload: { kind: 'Deployment', spec: { replicas: 0 } },
} as unknown as FoundFunction
const ready: V1Pod = {
  metadata: { name: 'one-abc', namespace: 'openfaas-fn', labels: { [FUNCTION_LABEL]: 'one' } },
  status: { podIP: '10.0.0.1', conditions: [{ type: 'Ready', status: 'True' }] },
}

it('starts a function once for all who ask for it at a time', async () => {
  const pods = createPods()
  let started = 0
  const reach = createReach({ pods } as unknown as ClusterView, async () => {
    started++
  })
  const asked = Array.from({ length: 5 }, () => reach.originOf(asleep, new Set()))
  pods.changed(undefined, ready)
  expect(new Set(await Promise.all(asked))).toEqual(new Set(['http://10.0.0.1:8080']))
  expect(started).toBe(1)
})

it('has a place for the next one when somebody who waits has gone', async () => {
  const pods = createPods()
  const reach = createReach({ pods } as unknown as ClusterView, async () => {})
  const leaving = new AbortController()
  const crowd = Array.from({ length: 256 }, () =>
    reach.originOf(asleep, new Set(), () => leaving.signal).catch(() => 'left')
  )
  const refused = reach.originOf(asleep, new Set())
  await expect(refused).rejects.toMatchObject({ code: 'OVERLOADED' })
  leaving.abort()
  expect(new Set(await Promise.all(crowd))).toEqual(new Set(['left']))
  const next = reach.originOf(asleep, new Set())
  pods.changed(undefined, ready)
  expect(await next).toBe('http://10.0.0.1:8080')
})

it('tells all of them when it cannot be started, and tries again for the next one', async () => {
  const pods = createPods()
  let attempts = 0
  const reach = createReach({ pods } as unknown as ClusterView, async () => {
    if (++attempts === 1) throw new EdgeloopError('UNAVAILABLE', 'the API is out of reach')
    pods.changed(undefined, ready)
  })
  const asked = Array.from({ length: 3 }, () => reach.originOf(asleep, new Set()))
  for (const each of await Promise.allSettled(asked))
    expect(each).toMatchObject({ status: 'rejected', reason: { message: 'the API is out of reach' } })
  expect(await reach.originOf(asleep, new Set())).toBe('http://10.0.0.1:8080')
})
