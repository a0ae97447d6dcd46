import { describe, expect, it } from 'vitest'
import { type Profile, parseProfile, placementFor, requiredTerms, wishOf } from './index.ts'

const profile = (name: string, spec: object, annotations: Record<string, string> = {}): Profile =>
  parseProfile(
    { apiVersion: 'openfaas.com/v1', kind: 'Profile', metadata: { name, annotations }, spec },
    name
  )
const exists = (key: string) => ({ key, operator: 'Exists' })
const required = (...terms: object[]) => ({
  affinity: {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } },
  },
})

function wish(profiles: Profile[], more: object = {}) {
  const names = profiles.map(({ metadata }) => metadata.name).join(',')
  return wishOf(
    { service: 'fn', image: 'i', annotations: { 'com.openfaas.profile': names }, ...more },
    new Map(profiles.map((each) => [each.metadata.name, each]))
  )
}
const composed = (...profiles: Profile[]) => wish(profiles).profile

describe('several profiles', () => {
  it('join lists, merge objects, and let the later one win', () => {
    const a = profile('a', {
      tolerations: [{ operator: 'Exists' }, { key: 'x', operator: 'Exists' }],
      priorityClassName: 'low',
      podSecurityContext: { runAsUser: 1, fsGroup: 2 },
      dnsConfig: { nameservers: ['1.1.1.1'] },
      resources: { limits: { cpu: 1, 'nvidia.com/gpu': '1' } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 2 } },
      affinity: {
        podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'a' }] },
      },
      topologySpreadConstraints: [{ maxSkew: 1 }],
    })
    const b = profile('b', {
      tolerations: [{ key: 'x', operator: 'Exists' }, { key: 'y' }],
      priorityClassName: 'high',
      podSecurityContext: { runAsUser: 3 },
      dnsConfig: { nameservers: ['9.9.9.9'] },
      resources: { limits: { cpu: '2' }, requests: { memory: '1Gi' } },
      strategy: { type: 'Recreate' },
      runtimeClassName: 'gvisor',
      affinity: {
        podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'b' }] },
      },
      topologySpreadConstraints: [{ maxSkew: 2 }],
    })
    expect(composed(a, b).spec).toEqual({
      tolerations: [{ operator: 'Exists' }, { key: 'x', operator: 'Exists' }, { key: 'y' }],
      priorityClassName: 'high',
      podSecurityContext: { runAsUser: 3, fsGroup: 2 },
      dnsConfig: { nameservers: ['1.1.1.1', '9.9.9.9'] },
      resources: { limits: { cpu: '2', 'nvidia.com/gpu': '1' }, requests: { memory: '1Gi' } },
      strategy: { type: 'Recreate' },
      runtimeClassName: 'gvisor',
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'a' }, { topologyKey: 'b' }],
        },
      },
      topologySpreadConstraints: [{ maxSkew: 1 }, { maxSkew: 2 }],
    })
  })

  it('ask for both node affinities: each alternative of one with each of the other', () => {
    const term = (...keys: string[]) => ({ matchExpressions: keys.map(exists) })
    const { terms } = wish([
      profile('a', required(term('a1'), term('a2', 'a3'))),
      profile('b', required(term('b1'), term('b2'))),
    ])
    const keys = terms.map(({ matchExpressions }) => matchExpressions.map(({ key }) => key))
    expect(keys).toEqual([
      ['a1', 'b1'],
      ['a1', 'b2'],
      ['a2', 'a3', 'b1'],
      ['a2', 'a3', 'b2'],
    ])
  })

  it('leave an alternative out that asks for nothing: it matches no node, and both together would match some', () => {
    const both = wish([
      profile('a', required({ matchExpressions: [] }, { matchExpressions: [exists('a')] })),
      profile('b', required({ matchExpressions: [exists('b')] })),
    ])
    const place = placementFor(both)
    const nodes: Record<string, string>[] = [{ b: '' }, { a: '', b: '' }]
    expect(nodes.map((labels) => place({ name: 'n', labels }))).toEqual([false, true])
    expect(requiredTerms(wish([profile('a', required({ matchExpressions: [] }))]))).toEqual([])
  })

  it('keep the preferred affinity beside the required one', () => {
    const preferred = [{ weight: 1, preference: {} }]
    const nodeAffinity = { preferredDuringSchedulingIgnoredDuringExecution: preferred }
    const { terms, spec } = composed(profile('a', { affinity: { nodeAffinity } }))
    expect([terms.length, spec.affinity]).toEqual([1, { nodeAffinity }])
  })

  it('say in annotations what Kubernetes has no field for', () => {
    const a = profile(
      'a',
      {},
      {
        'edgeloop.dev/workload': 'DaemonSet',
        'edgeloop.dev/network': 'host',
        'edgeloop.dev/host-volumes': '/var/lib/edgeloop/models:ro, /srv/photos',
      }
    )
    const b = profile('b', {}, { 'edgeloop.dev/network': 'pod', 'edgeloop.dev/host-volumes': '/srv/photos' })
    expect(composed(a, b)).toMatchObject({
      workload: 'DaemonSet',
      network: 'pod',
      imagePullPolicy: 'IfNotPresent',
      hostVolumes: ['/var/lib/edgeloop/models', '/srv/photos'],
    })
    expect(composed()).toMatchObject({ workload: 'Deployment', network: 'pod', hostVolumes: [], spec: {} })
  })

  it.each([
    ['edgeloop.dev/workload', 'Daemonset', 'the profile "a" says edgeloop.dev/workload: Daemonset'],
    ['edgeloop.dev/network', 'bridge', 'the profile "a" says edgeloop.dev/network: bridge'],
    ['edgeloop.dev/host-volumes', '/data:rw', 'cannot give functions the host volume "/data:rw"'],
    ['edgeloop.dev/host-volumes', 'data', 'cannot give functions the host volume "data"'],
    ['edgeloop.dev/host-volumes', '/', 'cannot give functions the host volume "/"'],
    ['edgeloop.dev/host-volumes', '/a/../etc', 'cannot give functions the host volume "/a/../etc"'],
  ])('refuse %s: %s', (annotation, value, message) => {
    expect(() => composed(profile('a', {}, { [annotation]: value }))).toThrow(message)
  })

  it.each([
    [{ toleration: [] }, /Unrecognized key/],
    [{ tolerations: [{ operator: 'Exist' }] }, /spec\.tolerations\.0\.operator/],
    [{ affinity: { nodeAffinty: {} } }, /Unrecognized key/],
  ])('refuse what Kubernetes would ignore: %j', (spec, message) => {
    expect(() => profile('a', spec)).toThrow(message)
  })
})

it('the required affinity holds profiles, constraints, the architecture and the switch in every alternative', () => {
  const built = { annotations: { 'com.openfaas.profile': 'a', 'edgeloop.dev/arch': 'arm64' } }
  const asked = wish(
    [profile('a', required({ matchExpressions: [exists('a')] }, { matchExpressions: [exists('b')] }))],
    { constraints: ['zone=a'], ...built }
  )
  const common = [
    { key: 'zone', operator: 'In', values: ['a'] },
    { key: 'kubernetes.io/arch', operator: 'In', values: ['arm64'] },
    { key: 'service.edgeloop.dev/fn', operator: 'NotIn', values: ['disabled'] },
  ]
  expect(requiredTerms(asked)).toEqual([
    { matchExpressions: [exists('a'), ...common], matchFields: [] },
    { matchExpressions: [exists('b'), ...common], matchFields: [] },
  ])
})
