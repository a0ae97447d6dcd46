import { describe, expect, it } from 'vitest'
import { scalingOf, scalingTrouble } from './index.ts'

const labelled = (labels: Record<string, string>) =>
  Object.fromEntries(Object.entries(labels).map(([name, value]) => [`com.openfaas.scale.${name}`, value]))

describe('scaling labels', () => {
  it.each([
    [{}, { min: 1, max: undefined, targetMillicores: 500, idleMs: undefined }],
    [
      { min: '2', max: '5', target: '200' },
      { min: 2, max: 5, targetMillicores: 200, idleMs: undefined },
    ],
    [
      { min: '3', max: '3' },
      { min: 3, max: undefined, targetMillicores: 500, idleMs: undefined },
    ],
    [{ zero: 'true' }, { min: 1, max: undefined, targetMillicores: 500, idleMs: 900_000 }],
    [
      { zero: 'true', 'zero-duration': '1m30s' },
      { min: 1, max: undefined, targetMillicores: 500, idleMs: 90_000 },
    ],
    [
      { zero: 'false', 'zero-duration': '1m' },
      { min: 1, max: undefined, targetMillicores: 500, idleMs: undefined },
    ],
  ])('%j mean %j', (labels, scaling) => {
    expect(scalingTrouble(labelled(labels))).toBeUndefined()
    expect(scalingOf({ labels: labelled(labels) })).toEqual(scaling)
  })

  it.each([
    [{ min: '0' }, 'com.openfaas.scale.min: "0" is no number from 1'],
    [{ min: '3', max: '2' }, 'com.openfaas.scale.max: 2 is less than com.openfaas.scale.min: 3'],
    [{ zero: 'yes' }, 'neither true nor false'],
    [{ 'zero-duration': 'soon' }, 'write it as 15m'],
    [{ max: '5', type: 'rps' }, 'use cpu'],
  ])('%j are refused', (labels, why) => {
    expect(scalingTrouble(labelled(labels))).toContain(why)
  })
})
