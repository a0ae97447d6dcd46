import type { V1Node, V1Pod } from '@kubernetes/client-node'
import { describe, expect, it } from 'vitest'
import type { ClusterView } from './cluster-view.ts'
import { readFunction } from './found-function.ts'
import { createPods } from './pods.ts'
import { rolloutOf } from './rollout.ts'
import type { Workload } from './workload.ts'

interface PodState {
  node?: string
  revision?: string
  ready?: boolean
  running?: boolean
  going?: boolean
  waiting?: { reason: string; message?: string }
}

const now = new Date().toISOString() as unknown as Date
let count = 0

function pod({ node, revision = 'new', ready = false, running = ready, going, waiting }: PodState): V1Pod {
  const name = `fn-${count++}`
  return {
    metadata: {
      name,
      namespace: 'openfaas-fn',
      labels: { faas_function: 'fn' },
      annotations: { 'edgeloop.dev/revision': revision },
      deletionTimestamp: going ? now : undefined,
    },
    spec: { nodeName: node, containers: [] },
    status: {
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      containerStatuses: [
        {
          name: 'function',
          image: 'i',
          imageID: 'i',
          ready,
          restartCount: 0,
          state: running ? { running: {} } : waiting ? { waiting } : {},
        },
      ],
    },
  }
}

function rollout(
  kind: Workload['kind'],
  states: PodState[],
  offline: Record<string, Date> = {},
  off?: string
) {
  const pods = createPods()
  for (const state of states) pods.changed(undefined, pod(state))
  const nodes: V1Node[] = ['edge-1', 'edge-2'].map((name) => ({
    metadata: {
      name,
      labels: {
        'node-role.kubernetes.io/edge': '',
        ...(name === off && { 'service.edgeloop.dev/fn': 'disabled' }),
      },
    },
  }))
  const view = {
    nodes: () => nodes,
    pods,
    offlineSince: (node: string) => offline[node],
  } as unknown as ClusterView
  const nodeAffinity = {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [
        { matchExpressions: [{ key: 'service.edgeloop.dev/fn', operator: 'NotIn', values: ['disabled'] }] },
      ],
    },
  }
  const workload = {
    kind,
    metadata: {
      name: 'fn',
      namespace: 'openfaas-fn',
      creationTimestamp: now,
      annotations: { 'edgeloop.dev/deployment': '{"service":"fn","image":"i"}' },
    },
    spec: {
      replicas: 2,
      selector: {},
      template: {
        metadata: { annotations: { 'edgeloop.dev/revision': 'new' } },
        spec: { containers: [], affinity: { nodeAffinity } },
      },
    },
  } as Workload
  const { replicas, availableReplicas, status } = rolloutOf(readFunction(workload)!, view)
  return [availableReplicas, replicas, status]
}

describe('over edges', () => {
  const ready = (node: string, more: PodState = {}) => ({ node, ready: true, ...more })

  it.each<[string, PodState[], unknown[]]>([
    ['all done', [ready('edge-1'), ready('edge-2')], [2, 2, '2 of 2 edges updated']],
    [
      'one still the old one',
      [ready('edge-1'), ready('edge-2', { revision: 'old' })],
      [2, 2, '1 of 2 edges updated'],
    ],
    [
      'one that is to end',
      [ready('edge-1'), ready('edge-2', { going: true }), { node: 'edge-2' }],
      [1, 2, '1 of 2 edges updated'],
    ],
    [
      'one that does not start',
      [ready('edge-1'), { node: 'edge-2', waiting: { reason: 'ErrImagePull', message: 'not found' } }],
      [1, 2, '1 of 2 edges updated; edge-2: ErrImagePull: not found'],
    ],
    [
      'one that is starting',
      [ready('edge-1'), { node: 'edge-2', waiting: { reason: 'ContainerCreating' } }],
      [1, 2, '1 of 2 edges updated'],
    ],
    ['none yet', [], [0, 2, '0 of 2 edges updated']],
  ])('%s', (_name, pods, expected) => {
    expect(rollout('DaemonSet', pods)).toEqual(expected)
  })

  it('names those that are offline, and what was so there before', () => {
    const since = { 'edge-2': new Date('2026-01-02T03:04:05Z') }
    const offline = 'edge-2 offline since 2026-01-02T03:04:05.000Z'
    const old = [ready('edge-1'), ready('edge-2', { revision: 'old' })]
    expect(rollout('DaemonSet', old, since)).toEqual([1, 2, `1 of 2 edges updated; ${offline}`])
    const done = [ready('edge-1'), { node: 'edge-2', running: true }]
    expect(rollout('DaemonSet', done, since)).toEqual([1, 2, `2 of 2 edges updated; ${offline}`])
  })

  it('leaves out those where it is switched off', () => {
    expect(rollout('DaemonSet', [ready('edge-2')], {}, 'edge-1')).toEqual([1, 1, '1 of 1 edge updated'])
  })
})

describe('in the cloud', () => {
  it.each<[string, PodState[], unknown[]]>([
    ['nothing to say', [{ ready: true }, { ready: true }, { ready: true, going: true }], [2, 2, undefined]],
    [
      'a new one beside old ones',
      [{ ready: true }, { ready: true, revision: 'old' }, { ready: true, revision: 'old' }],
      [2, 2, '1 of 2 pods updated; 2 of an earlier version not gone yet'],
    ],
    [
      'one that does not start',
      [{ ready: true }, { waiting: { reason: 'CreateContainerConfigError', message: 'no secret' } }],
      [1, 2, expect.stringMatching(/^1 of 2 pods updated; fn-\d+: CreateContainerConfigError: no secret$/)],
    ],
  ])('%s', (_name, pods, expected) => {
    expect(rollout('Deployment', pods)).toEqual(expected)
  })
})
