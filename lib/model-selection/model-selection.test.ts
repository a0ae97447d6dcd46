import { describe, expect, it } from 'vitest'
import { modelSelections } from './index.ts'

describe('MODELS', () => {
  it.each([
    ['photos', { kind: 'channels', channels: ['stable'] }],
    ['photos@canary', { kind: 'channels', channels: ['canary'] }],
    ['photos@stable+canary', { kind: 'channels', channels: ['stable', 'canary'] }],
    ['photos@latest', { kind: 'channels', channels: ['latest'] }],
    ['photos@latest:2', { kind: 'latest', count: 2 }],
    ['photos@specific:3+5', { kind: 'specific', versions: [3, 5] }],
  ])('%s', (text, policy) => {
    expect(modelSelections.parse(text)).toEqual([{ model: 'photos', policy }])
  })

  it('names several models, in their order', () => {
    const names = modelSelections.parse('  b@latest:1\n a ').map(({ model }) => model)
    expect(names).toEqual(['b', 'a'])
  })

  it.each([
    '',
    ' ',
    '@stable',
    'photos@',
    'photos@stable+',
    'photos@latest:0',
    'photos@latest:x',
    'photos@latest:1+2',
    'photos@specific:',
    'photos@specific:1+-2',
    'photos@newest:2',
    'photos@stable@canary',
    'Photos/../x',
  ])('refuses %j and says what to write', (text) => {
    const { error } = modelSelections.safeParse(text)
    expect(error?.issues[0]?.message).toMatch(/names no model: write NAME@CHANNEL, /)
  })

  it('refuses a model that is named twice', () => {
    expect(modelSelections.safeParse('photos photos@canary').error?.issues[0]?.message).toMatch(/twice/)
  })
})
