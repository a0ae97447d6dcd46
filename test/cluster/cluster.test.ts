/**
 * The whole of Edgeloop on a real Kubernetes: `npm run test:cluster`. One step after the other, each on what the one
 * before has left.
 */
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createDevice } from '../../device/index.ts'
import { photoHash } from '../../lib/photo/index.ts'
import { deploymentsOf, readStack } from '../../lib/stack/index.ts'
import { folderSupply, type RunEvent, runRounds } from '../../platform/rounds/index.ts'
import { blockPhoto, temporaryDirectory } from '../support/index.ts'
import { type FaasCli, faasCliClient, findFaasCli, type GatewayClient, httpClient } from './gateway-client.ts'
import { openSite, type Site, TAGS } from './setup.ts'
import { onNode } from './site.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const photos = process.env.EDGELOOP_PHOTOS ?? path.join(root, '../shared/photos')
const EDGES = ['edge-1', 'edge-2']
const VARIABLES = {
  S3_ENDPOINT: 'http://10.77.0.1:7070',
  // Rounds end with a tick of the schedule; nothing else starts a run.
  RETRAIN_MIN_NEW: '100000',
  RETRAIN_MIN_INTERVAL_SECONDS: '0',
}

let site: Site
let client: GatewayClient
let faasCli: FaasCli | undefined

const began = performance.now()
const say = (line: string) =>
  console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${line}`)

beforeAll(async () => {
  site = await openSite(path.join(root, '.cache/cluster'), EDGES.length, say)
  const http = httpClient(site.platform.gateway, site.credentials)
  faasCli = await findFaasCli(site.platform.gateway, path.join(root, '.cache/cluster/faas-cli'))
  if (faasCli) await faasCli(['login', '--password-stdin'], { input: site.credentials.password })
  say(faasCli ? 'deploying with the real faas-cli' : 'no faas-cli here: its calls are made by this test')
  client = faasCli ? faasCliClient(http, faasCli) : http
}, 30 * 60_000)
afterAll(() => site?.close(), 120_000)

/** What the cluster looks like when something has failed: it is gone a moment later. */
async function lookAround(): Promise<void> {
  const { kubectl } = site.cluster
  console.log(await kubectl(['get', 'nodes,pods', '-A', '-o', 'wide']))
  for (const namespace of ['edgeloop', 'openfaas-fn']) {
    const pods = (await kubectl(['-n', namespace, 'get', 'pods', '-o', 'name'])).split('\n').filter(Boolean)
    for (const pod of pods)
      console.log(
        `--- ${pod}\n${await kubectl(['-n', namespace, 'logs', pod, '--all-containers', '--tail=30']).catch(String)}`
      )
  }
}
beforeEach(({ onTestFailed }) => onTestFailed(() => lookAround()))

const stack = async () => deploymentsOf(await readStack(path.join(root, 'stack.yml'), VARIABLES))

interface Pod {
  metadata: { name: string; deletionTimestamp?: string }
  spec: { nodeName: string; containers: { image: string }[] }
  status: { phase: string; conditions?: { type: string; status: string }[] }
}

async function podsOf(name: string): Promise<Pod[]> {
  const json = await site.cluster.kubectl([
    '-n',
    'openfaas-fn',
    'get',
    'pods',
    '-l',
    `faas_function=${name}`,
    '-o',
    'json',
  ])
  return (JSON.parse(json) as { items: Pod[] }).items
}
const isReady = ({ status, metadata }: Pod) =>
  !metadata.deletionTimestamp &&
  status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
const nodesOf = async (name: string) =>
  (await podsOf(name))
    .filter(isReady)
    .map(({ spec }) => spec.nodeName)
    .sort()

const eventually = <T>(check: () => Promise<T>, timeout = 60_000) =>
  vi.waitFor(check, { timeout, interval: 500 })

/** Every photo that an edge has taken is decided on, and nothing waits there any more. */
const nothingLost = (edge: Site['platform']['edges'][number]) =>
  eventually(async () => {
    const { totals, spool } = await edge.status()
    const { captured, accepted, review, rejected, deadLettered } = totals
    expect(accepted + review + rejected + deadLettered).toBe(captured)
    expect(Object.values(spool).reduce((sum, count) => sum + count, 0)).toBe(0)
  })

let seen = 0
/** A photo that nobody has shown yet. */
const visitor = () => blockPhoto(`visitor ${seen++}`, 'jpeg', 224)
async function visitorFile(): Promise<string> {
  const file = path.join(root, '.cache/cluster', `visitor-${seen}.jpg`)
  await writeFile(file, await visitor())
  return file
}

/** Shows a photo at an edge, as a device there would, and returns the line with the answer. */
const show = (edge: string, photo: string) =>
  onNode(site.cluster, edge, [
    process.execPath,
    '--import',
    'tsx',
    path.join(root, 'device/main.ts'),
    '--broker',
    'mqtt://127.0.0.1:1883',
    '--name',
    `${edge}-visitor`,
    photo,
  ])

describe.sequential('on a real Kubernetes', () => {
  it('places each function where its profile says', async () => {
    for (const name of ['s3-access-key-id', 's3-secret-access-key'])
      await client.createSecret(
        name,
        name === 's3-access-key-id' ? site.s3.accessKeyId : site.s3.secretAccessKey
      )
    await client.deploy(VARIABLES)
    for (const { service, annotations } of await stack()) {
      const profile = annotations!['com.openfaas.profile']!
      const wanted = profile === 'edge' ? EDGES : ['cloud']
      await eventually(async () => expect(await nodesOf(service)).toEqual(wanted))
      say(`${service}: asked for the profile ${profile}, got ${(await nodesOf(service)).join(', ')}`)
    }
    await eventually(async () => {
      for (const edge of site.platform.edges) expect((await edge.status()).link.connected).toBe(true)
    })
  }, 180_000)

  it('turns the loop on real photos, training in Jobs', async () => {
    const temporary = await temporaryDirectory('cluster')
    const supply = await folderSupply(photos, { seed: 1, golden: 60, test: 100, seedLabels: 20 })
    const tell = (event: RunEvent) => {
      if (event.event === 'round' || event.event === 'judged') say(JSON.stringify(event).slice(0, 200))
    }
    const summary = await runRounds({
      platform: site.platform,
      supply,
      state: temporary.directory,
      rounds: 2,
      perRound: 20,
      labelsPerRound: 4,
      faults: { cuts: [], kills: [] },
      devicesPerEdge: 1,
      onEvent: tell,
      signal: AbortSignal.timeout(9 * 60_000),
    })
    await temporary.remove()
    expect(summary.captured).toBe(40)
    expect(summary.accepted + summary.review + summary.rejected + summary.deadLettered).toBe(40)
    expect(summary.testAccuracy).toBeGreaterThan(0.9)
    const jobs = JSON.parse(
      await site.cluster.kubectl(['-n', 'edgeloop', 'get', 'pods', '-l', 'job-name', '-o', 'json'])
    ) as {
      items: Pod[]
    }
    expect(jobs.items.length).toBeGreaterThan(0)
    expect(new Set(jobs.items.map(({ spec }) => spec.nodeName))).toEqual(new Set(['cloud']))
    for (const edge of site.platform.edges) {
      const { model } = await edge.status()
      expect(model.serving).toBe(summary.modelVersion)
      say(`${edge.name} serves version ${model.serving}`)
    }
  }, 600_000)

  it('switches a function off at one edge, and on again: its events wait', async () => {
    const answers = new Set<string>()
    const device = createDevice({
      name: 'waiting-camera',
      broker: site.platform.edges[0]!.broker,
      onAnswer: ({ photo }) => answers.add(photo),
    })
    const switchTo = async (enabled: boolean) => {
      const response = await client.request('PUT', '/system/places/edge-1/functions/classify', { enabled })
      expect(response.status).toBeLessThan(300)
    }
    await switchTo(false)
    await eventually(async () => expect(await nodesOf('classify')).toEqual(['edge-2']))
    say('classify is switched off at edge-1')
    const photo = await visitor()
    await device.send(photo)
    const before = await site.platform.edges[0]!.status()
    await sleep(3000)
    expect(answers.size).toBe(0)
    await switchTo(true)
    await eventually(async () => expect(await nodesOf('classify')).toEqual(EDGES))
    await eventually(async () => expect(answers).toEqual(new Set([photoHash(photo)])))
    say('classify is on again at edge-1, and has answered what waited')
    expect((await site.platform.edges[0]!.status()).totals.captured).toBe(before.totals.captured)
    await device.close()
  })

  it('goes on at an edge that is cut off, and updates it when it is back', async () => {
    const [cut, other] = site.platform.edges
    await site.cluster.cut(1)
    say('edge-1 is cut off')
    expect(await show('edge-1', await visitorFile())).toMatch(/% sure/)
    const updating = performance.now()
    await client.deploy({ ...VARIABLES, TAG: TAGS[1] }, 'classify')
    const images = async () =>
      Object.fromEntries(
        (await podsOf('classify'))
          .filter(isReady)
          .map(({ spec }) => [spec.nodeName, spec.containers[0]!.image])
      )
    await eventually(async () => expect((await images())['edge-2']).toMatch(/:0\.1\.1$/))
    say(`edge-2 runs the new image after ${((performance.now() - updating) / 1000).toFixed(1)} s`)
    await eventually(async () => expect((await other!.status()).model.serving).not.toBeNull())
    expect(await show('edge-1', await visitorFile())).toMatch(/% sure/)
    await eventually(async () => {
      const { status } = (await (await client.request('GET', '/system/function/classify')).json()) as {
        status?: string
      }
      expect(status).toMatch(/1 of 2 edges updated; edge-1 offline since/)
      say(status!)
    })
    await site.cluster.heal(1)
    const healed = performance.now()
    await eventually(async () => expect((await images())['edge-1']).toMatch(/:0\.1\.1$/), 120_000)
    say(`edge-1 runs the new image ${((performance.now() - healed) / 1000).toFixed(1)} s after it is back`)
    await nothingLost(cut!)
  }, 300_000)

  it('has a deleted pod back, and loses no photo', async () => {
    await site.cluster.kubectl([
      '-n',
      'openfaas-fn',
      'delete',
      'pod',
      '-l',
      'faas_function=classify',
      '--field-selector',
      'spec.nodeName=edge-1',
      '--wait=false',
    ])
    expect(await show('edge-1', await visitorFile())).toMatch(/% sure/)
    await eventually(async () => expect(await nodesOf('classify')).toEqual(EDGES))
    await nothingLost(site.platform.edges[0]!)
  })

  it('works without its gateway, which finds everything again', async () => {
    const scale = (replicas: number) =>
      site.cluster.kubectl(['-n', 'edgeloop', 'scale', 'deployment/gateway', `--replicas=${replicas}`])
    await scale(0)
    await eventually(() => expect(fetch(new URL('/healthz', site.platform.gateway))).rejects.toThrow())
    say('the gateway is away')
    expect(await show('edge-2', await visitorFile())).toMatch(/% sure/)
    await scale(1)
    await eventually(async () =>
      expect((await fetch(new URL('/healthz', site.platform.gateway))).status).toBe(200)
    )
    const listed = (await (await client.request('GET', '/system/functions')).json()) as { name: string }[]
    expect(listed.map(({ name }) => name).sort()).toEqual(
      (await stack()).map(({ service }) => service).sort()
    )
    await eventually(async () => {
      const init = { method: 'POST', headers: { 'X-Edge': 'edge-2' }, body: Buffer.from(await visitor()) }
      const response = await site.platform.invoke('classify', init)
      expect(response.status).toBe(200)
    })
    say('the gateway is back, and reaches edge-2')
  })

  it('shows what a function at edges has written, which each edge says itself', async () => {
    const lines = async () => {
      const response = await client.request('GET', '/system/logs?name=classify&tail=50')
      const found = (await response.text()).trim().split('\n')
      return found.map((line) => JSON.parse(line) as { instance: string; text: string })
    }
    await eventually(async () => {
      const pods = (await podsOf('classify')).filter(isReady).map(({ metadata }) => metadata.name)
      const written = (await lines()).filter(({ text }) => text.startsWith('listening at 127.0.0.1:'))
      expect(new Set(written.map(({ instance }) => instance))).toEqual(new Set(pods))
    })
  })

  it('is driven by the real faas-cli', async (context) => {
    if (!faasCli) return context.skip('there is no faas-cli on the PATH, and FAAS_CLI names none')
    const env = { ...VARIABLES, TAG: TAGS[1] }
    const names = (await stack()).map(({ service }) => service)
    await faasCli(['deploy', '-f', 'stack.yml'], { env })
    const listed = await faasCli(['list'])
    for (const name of names) expect(listed).toContain(name)
    expect(await faasCli(['describe', 'classify'])).toMatch(/Name:\s+classify[\s\S]*Status:\s+Ready/)
    expect(await faasCli(['diff', '-f', 'stack.yml'], { env })).toContain('no differences found')
    const classify = ['invoke', 'classify', '--content-type', 'image/jpeg', '-H', 'X-Edge=edge-1']
    const photo = await visitor()
    // The edge comes back to a gateway that has been away in its own time.
    await eventually(async () => expect(await faasCli!(classify, { input: photo })).toContain('"confidence"'))
    const noEvent = faasCli(['invoke', 'promote-model', '--content-type', 'application/json'], {
      input: '{}',
    })
    await expect(noEvent).rejects.toMatchObject({
      all: expect.stringMatching(/400 - .*carries no CloudEvent/),
    })
    // A function writes nothing while all is well.
    const trigger = ['deploy', '-f', 'stack.yml', '--filter', 'trigger-retrain']
    await faasCli(trigger, { env: { ...env, RETRAIN_MIN_NEW: 'many' } })
    await eventually(async () => {
      await faasCli!(['invoke', 'trigger-retrain'], { input: '' }).catch(() => {})
      expect(await faasCli!(['logs', 'trigger-retrain', '--tail=false', '--lines', '5'])).toContain(
        'environment variable RETRAIN_MIN_NEW'
      )
    })
    await faasCli(trigger, { env })
    await expect(faasCli(['logs', 'nobody', '--tail=false'])).rejects.toMatchObject({
      all: expect.stringContaining('there is no function'),
    })
    await faasCli(['secret', 'create', 'spare', '--from-literal', 'one'])
    expect(await faasCli(['secret', 'create', 'spare', '--from-literal', 'two'])).toMatch(/already exists/)
    await faasCli(['secret', 'update', 'spare', '--from-literal', 'two'])
    expect(await faasCli(['secret', 'list'])).toContain('spare')
    await faasCli(['secret', 'remove', 'spare'])
    expect(await faasCli(['secret', 'list'])).not.toContain('spare')
    await faasCli(['namespace', 'create', 'second'])
    expect(await faasCli(['namespaces'])).toContain('second')
    await faasCli(['namespace', 'remove', 'second'])
    expect(
      (
        await client.request('POST', '/system/scale-function/trigger-retrain', {
          serviceName: 'trigger-retrain',
          replicas: 2,
        })
      ).status
    ).toBeLessThan(300)
    await eventually(async () => expect(await nodesOf('trigger-retrain')).toEqual(['cloud', 'cloud']))
    await faasCli(['remove', 'promote-model'])
    await eventually(async () => expect(await podsOf('promote-model')).toEqual([]))
    say(
      'login, deploy, list, describe, diff, invoke, logs, secret, namespace and remove work with the real faas-cli'
    )
  })
})
