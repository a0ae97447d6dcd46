import { expect, it } from 'vitest'
import { firstDifference } from './compare.ts'

const asked = {
  tolerations: [{ operator: 'Exists' }],
  affinity: { terms: [{ key: 'a' }] },
  containers: [{ name: 'function', image: 'i', env: [{ name: 'A', value: '' }], resources: { cpu: '0.5' } }],
  empty: [],
}

it('takes what the cluster adds, and its own way of writing', () => {
  const got = {
    ...asked,
    containers: [
      { name: 'sidecar' },
      { name: 'function', image: 'i', env: [{ name: 'A' }], resources: { cpu: '500m' }, tty: false },
    ],
    schedulerName: 'default-scheduler',
    empty: undefined,
  }
  expect(firstDifference(asked, got, 'spec')).toBeUndefined()
})

it.each([
  [{ ...asked, tolerations: undefined }, 'spec.tolerations'],
  [{ ...asked, tolerations: [...asked.tolerations, { key: 'more' }] }, 'spec.tolerations'],
  [{ ...asked, affinity: { terms: [{ key: 'b' }] } }, 'spec.affinity.terms[0].key'],
  [{ ...asked, containers: [{ name: 'function', image: 'j' }] }, 'spec.containers[function].image'],
  [{ ...asked, containers: [] }, 'spec.containers[function]'],
  [{ ...asked, nodeSelector: { a: 'b' } }, 'spec.nodeSelector'],
  ['something else', 'spec'],
])('names the field that is something else: %#', (got, field) => {
  expect(firstDifference(asked, got, 'spec')?.field).toBe(field)
})
