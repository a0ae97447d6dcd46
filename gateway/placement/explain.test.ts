import { describe, expect, it } from 'vitest'
import { explainPlacement, type Node, parseProfile, requirePlacement, wishOf } from './index.ts'

const edge = { 'node-role.kubernetes.io/edge': '', 'kubernetes.io/arch': 'arm64' }
const nodes: Node[] = [
  { name: 'cloud', labels: { 'kubernetes.io/arch': 'amd64', gpu: '2' } },
  { name: 'edge-1', labels: { ...edge, zone: 'b' } },
  { name: 'edge-2', labels: edge },
]

function wish(ask: { constraints?: string[]; arch?: string; terms?: object[]; tolerations?: object[] }) {
  const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: ask.terms } }
  const spec = { ...(ask.terms && { affinity: { nodeAffinity } }), tolerations: ask.tolerations }
  const profile = { apiVersion: 'openfaas.com/v1', kind: 'Profile', metadata: { name: 'p' }, spec }
  const annotations = { 'com.openfaas.profile': 'p', ...(ask.arch && { 'edgeloop.dev/arch': ask.arch }) }
  const deployment = { service: 'fn', image: 'i', constraints: ask.constraints, annotations }
  return wishOf(deployment, new Map([['p', parseProfile(profile, 'p')]]))
}
const explain = (ask: Parameters<typeof wish>[0], on = nodes) => explainPlacement(wish(ask), on)
const isEdge = { key: 'node-role.kubernetes.io/edge', operator: 'Exists' }

describe('where a deployment can run', () => {
  it('is every node that has what it asks for, also one where it is switched off', () => {
    const off = { name: 'edge-3', labels: { ...edge, 'service.edgeloop.dev/fn': 'disabled' } }
    const { nodes: found } = explain({ terms: [{ matchExpressions: [isEdge] }] }, [...nodes, off])
    expect(found.map(({ name }) => name)).toEqual(['edge-1', 'edge-2', 'edge-3'])
  })

  it.each<[string, Parameters<typeof wish>[0], string]>([
    [
      'a label with another value',
      { constraints: ['zone=a'] },
      'no node has zone=a; nearest: edge-1, which has zone=b',
    ],
    [
      'a label that nobody has',
      { constraints: ['disk=ssd'] },
      'no node has disk=ssd; nearest: cloud, which has no label disk',
    ],
    [
      'labels that no node has together',
      { constraints: ['zone=b', 'gpu=2'] },
      'no node that suits otherwise has zone=b; nearest: cloud, which has no label zone',
    ],
    [
      'a label that must not be there',
      { terms: [{ matchExpressions: [{ key: 'kubernetes.io/arch', operator: 'DoesNotExist' }] }] },
      'no node is without the label kubernetes.io/arch; nearest: cloud, which has kubernetes.io/arch=amd64',
    ],
    [
      'a number',
      { terms: [{ matchExpressions: [{ key: 'gpu', operator: 'Gt', values: ['3'] }] }] },
      'no node has gpu above 3; nearest: cloud, which has gpu=2',
    ],
    [
      'the nearest of alternatives',
      {
        terms: [
          { matchExpressions: [isEdge, { key: 'zone', operator: 'In', values: ['a', 'c'] }] },
          { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['edge-9'] }] },
        ],
      },
      'no node has zone=a or zone=c; nearest: edge-1, which has zone=b',
    ],
    [
      'a node of a name',
      { terms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['edge-9'] }] }] },
      'no node is named edge-9; nearest: cloud, which has another name',
    ],
    [
      'the image’s architecture',
      { terms: [{ matchExpressions: [isEdge] }], arch: 'amd64' },
      'no node that suits otherwise is amd64, which the image is built for; nearest: edge-1, which is arm64',
    ],
    [
      'an architecture by constraint',
      { constraints: ['kubernetes.io/arch=riscv64'] },
      'no node has kubernetes.io/arch=riscv64; nearest: cloud, which has kubernetes.io/arch=amd64',
    ],
    [
      'an image for one architecture and a constraint for another',
      { constraints: ['kubernetes.io/arch=arm64'], arch: 'amd64' },
      'no node that suits otherwise has kubernetes.io/arch=arm64; nearest: cloud, which has kubernetes.io/arch=amd64',
    ],
    ['nothing at all', { terms: [{}] }, 'its profiles ask for a node that is nowhere'],
  ])('or says what is missing: %s', (_name, ask, missing) => {
    expect(explain(ask)).toEqual({ nodes: [], missing })
  })

  it('knows taints, and which of them are tolerated', () => {
    const taint = { key: 'dedicated', value: 'cameras', effect: 'NoSchedule' }
    const tainted = [{ ...nodes[1]!, taints: [taint] }]
    expect(explain({}, tainted).missing).toBe(
      'no node is free of taints that its profiles do not tolerate; ' +
        'nearest: edge-1, which has the taint dedicated=cameras:NoSchedule'
    )
    for (const toleration of [
      { operator: 'Exists' },
      { key: 'dedicated', operator: 'Exists' },
      { key: 'dedicated', value: 'cameras' },
      { key: 'dedicated', value: 'cameras', effect: 'NoSchedule' },
    ])
      expect(explain({ tolerations: [toleration] }, tainted).nodes).toHaveLength(1)
    for (const toleration of [
      { key: 'other', operator: 'Exists' },
      { key: 'dedicated', value: 'microphones' },
      { key: 'dedicated', operator: 'Exists', effect: 'NoExecute' },
    ])
      expect(explain({ tolerations: [toleration] }, tainted).nodes).toHaveLength(0)
  })

  it('does not mind taints that come and go by themselves, nor those that only ask', () => {
    const taints = [
      { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' },
      { key: 'busy', effect: 'PreferNoSchedule' },
    ]
    expect(explain({}, [{ ...nodes[0]!, taints }]).nodes).toHaveLength(1)
  })

  it('says so when there is no node', () => {
    expect(explain({}, []).missing).toBe('there is no node')
  })

  it('refuses what has no place', () => {
    expect(() => requirePlacement('fn', wish({ constraints: ['zone=a'] }), nodes)).toThrow(
      'fn cannot be placed: no node has zone=a; nearest: edge-1, which has zone=b'
    )
  })
})
