// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what stands in these strings is for the stack
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deployment, deploymentsOf, handlersOf, readStack, secondsOf, traitsOf } from './index.ts'

const own = fileURLToPath(new URL('../../stack.yml', import.meta.url))
let directory: string

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'edgeloop-stack-'))
})

afterAll(() => rm(directory, { recursive: true, force: true }))

/** Reads a stack with one function `f`, given as the lines of its definition. */
async function read(lines: string[], variables: Record<string, string> = {}) {
  return readText(
    ['provider: { name: openfaas }', 'functions:', '  f:', ...lines.map((line) => `    ${line}`)].join('\n'),
    variables
  )
}

async function readText(text: string, variables: Record<string, string> = {}) {
  const file = path.join(directory, 'stack.yml')
  await writeFile(file, text)
  return readStack(file, variables)
}

describe("this repository's stack", () => {
  it('has the five functions, each with a handler, a profile and topics', async () => {
    const stack = await readStack(own, {})
    expect(Object.keys(stack.functions)).toEqual([
      'classify',
      'filter-confidence',
      'upload-sample',
      'trigger-retrain',
      'promote-model',
    ])
    const handlers = handlersOf(stack, path.dirname(own))
    for (const each of deploymentsOf(stack)) {
      expect(deployment.parse(each)).toMatchObject({ service: each.service, image: each.image })
      expect(handlers.get(each.service)).toMatch(new RegExp(`/functions/${each.service}/handler\\.ts$`))
      const { profiles, topics } = traitsOf(each)
      expect(profiles).toHaveLength(1)
      expect(topics.length).toBeGreaterThan(0)
    }
  })

  it('says how each function is invoked', async () => {
    const stack = await readStack(own, { RETRAIN_MIN_NEW: '7' })
    const traits = Object.fromEntries(deploymentsOf(stack).map((each) => [each.service, traitsOf(each)]))
    expect(traits.classify).toMatchObject({
      topics: ['events/photo.captured'],
      profiles: ['edge'],
      context: new Set(),
      maxInflight: 4,
      relay: 'any',
    })
    expect(traits['upload-sample']!.topics).toEqual([
      'events/sample.accepted',
      'events/sample.review',
      'events/sample.labelled',
      'events/sample.unlabelled',
    ])
    expect(traits['filter-confidence']!.context).toEqual(new Set(['neighbours', 'budgets', 'accepted']))
    expect(stack.functions['trigger-retrain']!.environment).toMatchObject({ RETRAIN_MIN_NEW: '7' })
  })
})

describe('variables', () => {
  const of = async (value: string, variables: Record<string, string> = {}) =>
    (await read([`image: "${value}"`], variables)).functions.f!.image

  it('are replaced, with a default where one is given', async () => {
    const cases: [string, Record<string, string>, string][] = [
      ['a-${NAME}-b', { NAME: 'x' }, 'a-x-b'],
      ['${NAME:-default}', {}, 'default'],
      ['${NAME:-default}', { NAME: '' }, 'default'],
      ['${NAME:-default}', { NAME: 'x' }, 'x'],
      ['x${NAME:-}', {}, 'x'],
      ['x${NAME}', { NAME: '' }, 'x'],
      ['${A}${B:-b}${A}', { A: 'a' }, 'aba'],
      ['${REGISTRY:-registry.local:5000/edge}', {}, 'registry.local:5000/edge'],
      ['x # ${NAME:-y}', {}, 'x # y'],
      ['$$HOME $HOME', {}, '$HOME $HOME'],
    ]
    for (const [text, variables, expected] of cases) expect(await of(text, variables)).toBe(expected)
  })

  it('that have neither value nor default are named', async () => {
    await expect(of('${NAME}')).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('NAME'),
    })
  })

  it('in a comment need no value', async () => {
    const stack = await read(['# set ${ANYTHING} here', 'image: x'])
    expect(stack.functions.f!.image).toBe('x')
  })
})

describe('what faas-cli reads', () => {
  it('goes into the deployment', async () => {
    const stack = await read([
      'image: x',
      'fprocess: node index.js',
      'environment: { NUMBER: 1, YES: true, EMPTY: }',
      'labels: { com.example/n: 2 }',
      'annotations: { topic: "a, b,", edgeloop.dev/max-inflight: 0 }',
      'limits: { memory: 128Mi, cpu: 0.5 }',
      'requests: { memory: 64Mi }',
      'constraints: [ node.role == edge ]',
      'secrets: [ key ]',
      'readonly_root_filesystem: true',
    ])
    const [only] = deploymentsOf(stack)
    expect(only).toMatchObject({
      service: 'f',
      image: 'x',
      envProcess: 'node index.js',
      envVars: { NUMBER: '1', YES: 'true', EMPTY: '' },
      labels: { 'com.example/n': '2' },
      limits: { memory: '128Mi', cpu: '0.5' },
      requests: { memory: '64Mi' },
      constraints: ['node.role == edge'],
      secrets: ['key'],
      readOnlyRootFilesystem: true,
    })
    expect(traitsOf(only!)).toMatchObject({ topics: ['a', 'b'], maxInflight: 1, profiles: [] })
    expect(traitsOf({})).toMatchObject({ topics: [], maxInflight: 1, relay: undefined, hostNetwork: false })
  })

  it('knows what an image can do, and how it is probed', () => {
    const annotations = {
      'edgeloop.dev/arch': 'amd64, arm64',
      'edgeloop.dev/host-network': 'ok',
      'com.openfaas.health.http.path': '/alive',
      'com.openfaas.health.http.initialDelay': '1m30s',
    }
    expect(traitsOf({ annotations })).toMatchObject({
      architectures: ['amd64', 'arm64'],
      hostNetwork: true,
      health: { path: '/alive', initialDelaySeconds: 90 },
      ready: { path: '/_/ready', initialDelaySeconds: 0 },
    })
  })

  it.each([
    ['30s', 30],
    ['500ms', 0.5],
    ['1h0m2.5s', 3602.5],
    ['45', 45],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('reads the duration %j', (text, seconds) => {
    expect(secondsOf(text)).toBe(seconds)
  })

  it('reads environment files from beside the stack: the later the surer', async () => {
    await writeFile(path.join(directory, 'a.yml'), 'environment:\n  ONE: a\n  TWO: a\n  THREE: 3\n')
    await writeFile(path.join(directory, 'b.yml'), 'environment:\n  TWO: b\n')
    const stack = await read([
      'image: x',
      'environment_file: [ a.yml, b.yml ]',
      'environment: { ONE: own, FOUR: own }',
    ])
    expect(deploymentsOf(stack)[0]!.envVars).toEqual({ ONE: 'a', TWO: 'b', THREE: '3', FOUR: 'own' })
    await expect(read(['image: x', 'environment_file: [ missing.yml ]'])).rejects.toMatchObject({
      code: 'NOT_FOUND',
      where: path.join(directory, 'missing.yml'),
    })
  })
})

describe('what is wrong is named, with its place', () => {
  it.each([
    ['functions:\n  f: [', /not YAML/, /stack\.yml:\d/],
    ['provider: { name: openfaas }\nfunctions:\n  f: { lang: node }', /functions\.f\.image/, /stack\.yml$/],
    ['functions: {}', /provider/, /stack\.yml$/],
    ['provider: { name: openfaas }\nfunctions:\n  No_Name: { image: x }', /No_Name/, /stack\.yml$/],
    ['', /./, /stack\.yml$/],
  ])('%j', async (text, message, where) => {
    await expect(readText(text)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringMatching(message),
      where: expect.stringMatching(where),
    })
  })

  it('a stack that is not there', async () => {
    await expect(readStack(path.join(directory, 'other.yml'), {})).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })
})
