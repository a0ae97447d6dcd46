import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Node, type Profile, placementOf, readProfiles } from './index.ts'

const node = (labels: Record<string, string>, name = 'node-1'): Node => ({ name, labels })

type Terms = NonNullable<
  NonNullable<
    NonNullable<Profile['spec']['affinity']>['nodeAffinity']
  >['requiredDuringSchedulingIgnoredDuringExecution']
>['nodeSelectorTerms']
type Requirement = Terms[number]['matchExpressions'][number]
type Operator = Requirement['operator']

const term = (matchExpressions: Requirement[], matchFields: Requirement[] = []) => ({
  matchExpressions,
  matchFields,
})

function profileOf(nodeSelectorTerms: Terms, name = 'p'): Profile {
  const required = { nodeSelectorTerms }
  return {
    apiVersion: 'openfaas.com/v1',
    kind: 'Profile',
    metadata: { name, annotations: {} },
    spec: { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } } },
  }
}

function placed(profiles: Profile[], on: Node): boolean {
  const names = profiles.map(({ metadata }) => metadata.name)
  const deployment = { service: 'fn', image: 'i', annotations: { 'com.openfaas.profile': names.join(', ') } }
  return placementOf(deployment, new Map(profiles.map((one) => [one.metadata.name, one])))(on)
}

describe('node affinity', () => {
  it.each<[Operator, string[] | undefined, string | undefined, boolean]>([
    ['In', ['a', 'b'], 'b', true],
    ['In', ['a', 'b'], 'c', false],
    ['In', ['a'], undefined, false],
    ['NotIn', ['a'], 'a', false],
    ['NotIn', ['a'], 'b', true],
    ['NotIn', ['a'], undefined, true],
    ['Exists', undefined, '', true],
    ['Exists', undefined, undefined, false],
    ['DoesNotExist', undefined, undefined, true],
    ['DoesNotExist', undefined, '', false],
    ['Gt', ['4'], '5', true],
    ['Gt', ['4'], '4', false],
    ['Gt', ['4'], 'many', false],
    ['Gt', ['-1'], '', false],
    ['Gt', ['4'], undefined, false],
    ['Lt', ['4'], '3', true],
    ['Lt', ['4'], '4', false],
    ['Lt', ['4'], undefined, false],
  ])('%s %j on %j: %s', (operator, values, value, expected) => {
    const profile = profileOf([term([{ key: 'k', operator, values }])])
    expect(placed([profile], node(value === undefined ? {} : { k: value }))).toBe(expected)
  })

  it('takes terms as alternatives, the expressions of one together', () => {
    const is = (key: string): Requirement => ({ key, operator: 'Exists' })
    const profile = profileOf([term([is('a'), is('b')]), term([is('c')])])
    const labels: Record<string, string>[] = [{ a: '', b: '' }, { a: '' }, { c: '' }, {}]
    expect(labels.map((each) => placed([profile], node(each)))).toEqual([true, false, true, false])
  })

  it('knows fields, and that a term which asks for nothing matches nothing', () => {
    const named = profileOf([term([], [{ key: 'metadata.name', operator: 'In', values: ['node-7'] }])])
    expect([placed([named], node({}, 'node-7')), placed([named], node({}, 'node-8'))]).toEqual([true, false])
    expect(placed([profileOf([term([])])], node({}))).toBe(false)
    expect(placed([profileOf([])], node({}))).toBe(false)
  })

  it('of several profiles must all hold', () => {
    const is = (key: string) => profileOf([term([{ key, operator: 'Exists' }])], key)
    expect(placed([is('a'), is('b')], node({ a: '' }))).toBe(false)
    expect(placed([is('a'), is('b')], node({ a: '', b: '' }))).toBe(true)
  })

  it('does not take what every object has for labels', () => {
    expect(placed([profileOf([term([{ key: 'constructor', operator: 'Exists' }])])], node({}))).toBe(false)
  })
})

describe('constraints', () => {
  const on = (constraint: string, labels: Record<string, string>) =>
    placementOf({ service: 'fn', image: 'i', constraints: [constraint] }, new Map())(node(labels))

  it.each([
    ['zone=a', { zone: 'a' }, true],
    ['zone=a', { zone: 'b' }, false],
    ['zone=a', {}, false],
    ['zone == a', { zone: 'a' }, true],
    ['node.labels.zone == a', { zone: 'a' }, true],
    ['zone!=a', { zone: 'a' }, false],
    ['zone != a', {}, true],
    ['kubernetes.io/arch=arm64', { 'kubernetes.io/arch': 'arm64' }, true],
  ])('%s on %j: %s', (constraint, labels, expected) => {
    expect(on(constraint, labels as Record<string, string>)).toBe(expected)
  })

  it.each(['zone', '=a', 'zone=', 'zone in (a, b)', 'zone=a b', ''])('%j cannot be read', (constraint) => {
    expect(() => on(constraint, {})).toThrow(`the constraint "${constraint}" cannot be read`)
  })
})

it('a function that is switched off on a node is not placed there', () => {
  const place = placementOf({ service: 'fn', image: 'i' }, new Map())
  expect(place(node({}))).toBe(true)
  expect(place(node({ 'service.edgeloop.dev/fn': 'disabled' }))).toBe(false)
  expect(place(node({ 'service.edgeloop.dev/other': 'disabled' }))).toBe(true)
})

describe('profiles', () => {
  let directory: string
  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'edgeloop-profiles-'))
  })
  afterEach(() => rm(directory, { recursive: true, force: true }))

  const write = (file: string, text: string) => writeFile(path.join(directory, file), text)
  const profile = (name: string, spec = '{}') =>
    `apiVersion: openfaas.com/v1\nkind: Profile\nmetadata:\n  name: ${name}\nspec: ${spec}\n`

  it('of this repository place functions in the cloud or at the edge', async () => {
    const found = await readProfiles(fileURLToPath(new URL('../../edge-profiles', import.meta.url)))
    const edge = node({ 'node-role.kubernetes.io/edge': '' })
    for (const [name, atEdge] of [
      ['edge', true],
      ['cloud', false],
    ] as const) {
      const place = placementOf(
        { service: 'fn', image: 'i', annotations: { 'com.openfaas.profile': name } },
        found
      )
      expect([place(edge), place(node({}))]).toEqual([atEdge, !atEdge])
    }
  })

  it('keep what only Kubernetes reads', async () => {
    await write('a.yml', profile('a', '{ runtimeClassName: gvisor, tolerations: [{ operator: Exists }] }'))
    const found = await readProfiles(directory)
    expect(found.get('a')!.spec).toMatchObject({
      runtimeClassName: 'gvisor',
      tolerations: [{ operator: 'Exists' }],
    })
  })

  it.each([
    ['no YAML', 'a: [', /^not YAML: /],
    ['something else', 'kind: Pod', /^not a Profile: apiVersion: /],
    [
      'an unknown operator',
      profile(
        'a',
        '{ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: a, operator: Near }] }] } } } }'
      ),
      /operator/,
    ],
  ])('with %s are an error that names the file', async (_name, text, message) => {
    await write('odd.yml', text)
    await expect(readProfiles(directory)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringMatching(message),
      where: path.join(directory, 'odd.yml'),
    })
  })

  it('of one name in two files are an error', async () => {
    await write('a.yml', profile('same'))
    await write('b.yml', profile('same'))
    await expect(readProfiles(directory)).rejects.toMatchObject({
      message: 'there are two profiles "same"',
      where: path.join(directory, 'b.yml'),
    })
  })

  it('from a folder that is not there are an error', async () => {
    await expect(readProfiles(path.join(directory, 'nowhere'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})
