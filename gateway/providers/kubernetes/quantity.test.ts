import { describe, expect, it } from 'vitest'
import type { Deployment } from '../../../lib/stack/index.ts'
import { parseProfile, wishOf } from '../../placement/index.ts'
import { resourcesOf } from './quantity.ts'

describe('what a function may use', () => {
  const resources = (more: Partial<Deployment>, profileResources?: object) => {
    const profile = {
      apiVersion: 'openfaas.com/v1',
      kind: 'Profile',
      metadata: { name: 'p' },
      spec: { resources: profileResources },
    }
    const deployment = {
      service: 'fn',
      image: 'i',
      annotations: { 'com.openfaas.profile': 'p' },
      ...more,
    }
    const wish = wishOf(deployment, new Map([['p', parseProfile(profile, 'p')]]))
    return resourcesOf(deployment, wish.profile)
  }

  it('is bounded when nobody says anything', () => {
    expect(resources({})).toEqual({ limits: { memory: '1Gi' }, requests: { cpu: '20m', memory: '64Mi' } })
    const empty = { memory: '', cpu: '' }
    expect(resources({ limits: empty, requests: empty })).toEqual(resources({}))
    expect(resources({ limits: null, requests: null })).toEqual(resources({}))
  })

  it('is what stack.yml says, else its profile', () => {
    const profile = { limits: { cpu: 2, 'nvidia.com/gpu': '1' }, requests: { memory: '100Mi' } }
    expect(resources({ limits: { cpu: '500m', memory: '128Mi' } }, profile)).toEqual({
      limits: { cpu: '500m', memory: '128Mi', 'nvidia.com/gpu': '1' },
      requests: { memory: '100Mi' },
    })
  })

  it('has room for what it asks for', () => {
    expect(resources({ requests: { memory: '2Gi' } })).toMatchObject({ limits: { memory: '2Gi' } })
    expect(resources({ requests: { memory: '10Mi' } })).toMatchObject({ limits: { memory: '1Gi' } })
  })

  it.each<[Partial<Deployment>, string]>([
    [{ limits: { memory: '128MB' } }, 'limits.memory: "128MB" is not a quantity'],
    [{ limits: { memory: '128m' } }, 'limits.memory: "128m" is 0.128 bytes'],
    [{ requests: { memory: '0' } }, 'requests.memory: "0" is not a quantity'],
    [{ limits: { cpu: 'half' } }, 'limits.cpu: "half" is not a quantity'],
    [
      { limits: { memory: '100Mi' }, requests: { memory: '1Gi' } },
      'requests.memory is 1Gi, above its limit of 100Mi',
    ],
  ])('is refused where it makes no sense: %j', (more, message) => {
    expect(() => resources(more)).toThrow(message)
  })
})
