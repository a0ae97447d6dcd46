import { mkdir, readdir, rename } from 'node:fs/promises'
import { userInfo } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import mqtt from 'mqtt'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createDevice } from '../../device/index.ts'
import { peopleAnswers } from '../../lib/dataset/index.ts'
import { photoHash } from '../../lib/photo/index.ts'
import { modelRegistry } from '../../lib/registry/index.ts'
import { createDemoCamera } from '../../platform/demo-camera/index.ts'
import { createPlatform, findRunning, type Platform } from '../../platform/index.ts'
import { type LabelledPhoto, runRounds } from '../../platform/rounds/index.ts'
import { temporaryDirectory } from '../../test/support/index.ts'
import { runCommandLine } from '../program.ts'

const bin = fileURLToPath(new URL('../edgeloop.mjs', import.meta.url))
const me = userInfo().username
const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 20_000, interval: 100 })

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>
let state: string
let platform: Platform
/** A photo whose bytes were lost before anybody looked at it, and where they are now. */
let lost: { photo: string; from: string; to: string }

/** Runs `edgeloop …` on the platform, as a script would; in this process, which is faster. */
async function edgeloop(...args: string[]) {
  const written = { stdout: '', stderr: '' }
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      written[name] += String(chunk)
      return true
    })
  )
  try {
    const exitCode = await runCommandLine([...args, '--state', state])
    return { exitCode, ...written, json: () => JSON.parse(written.stdout) }
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}

beforeAll(async () => {
  temporary = await temporaryDirectory('commands')
  state = path.join(temporary.directory, 'state')
  platform = await createPlatform({ state, edges: 1 })
  const camera = await createDemoCamera({ seed: 5 })
  const scene = (index: number): LabelledPhoto => ({
    label: camera.label(index),
    read: async () => (await camera.scene(index)).bytes,
  })
  const scenes = (from: number, count: number) => Array.from({ length: count }, (_, i) => scene(from + i))
  lost = await losePhoto(await scene(90).read())
  await runRounds({
    platform,
    supply: {
      key: 'drawn',
      golden: scenes(0, 10),
      test: scenes(10, 2),
      seeds: scenes(12, 8),
      stream: (i) => scene(20 + i),
    },
    state,
    rounds: 1,
    perRound: 8,
    labelsPerRound: 1,
    devicesPerEdge: 1,
    faults: { cuts: [], kills: [] },
    onEvent() {},
    signal: new AbortController().signal,
  })
}, 180_000)

afterAll(async () => {
  await platform?.dispose()
  await temporary.remove()
})

/** Sends a photo while there is no model yet, and takes its bytes away. */
async function losePhoto(bytes: Uint8Array): Promise<typeof lost> {
  const device = createDevice({ name: 'camera', broker: platform.edges[0]!.broker })
  await device.send(bytes)
  await device.close()
  const photo = photoHash(bytes)
  const photos = path.join(state, 'edges', 'edge-1', 'photos')
  const found = (await readdir(photos, { recursive: true })).find((file) => file.endsWith(photo))
  const [from, to] = [path.join(photos, found!), path.join(temporary.directory, 'lost')]
  await mkdir(path.dirname(to), { recursive: true })
  await rename(from, to)
  return { photo, from, to }
}

describe('where nothing runs', () => {
  it('every command says so, and what to do', async () => {
    const { exitCode, stderr } = await execa(
      process.execPath,
      [bin, 'status', '--state', temporary.directory],
      { reject: false }
    )
    expect(exitCode).toBe(1)
    expect(stderr).toContain('no platform is running there')
    expect(stderr).toContain('npm start')
  })
})

describe('status', () => {
  it('shows the edges, the model and what waits', async () => {
    const { stdout } = await edgeloop('status')
    expect(stdout).toContain(`Gateway   ${platform.gateway}\n`)
    expect(stdout).toMatch(/Model +photos: version \d+ is stable since .* \(by promote-model\)/)
    expect(stdout).toMatch(/EDGE +CLOUD +PHOTOS +SPOOL +DEAD LETTERS +VERSION\nedge-1 +in reach +9 +0 +1 +\d/)
  })

  it('as JSON has the whole heartbeat, and says when an edge is cut off', async () => {
    platform.edges[0]!.cut()
    await eventually(async () => {
      const status = (await edgeloop('status', '--json')).json()
      expect(status.edges[0].status).toMatchObject({ link: { connected: false }, totals: { captured: 9 } })
    })
    platform.edges[0]!.heal()
    expect((await edgeloop('status', '--json')).json()).toMatchObject({ gateway: { answers: true } })
  })
})

describe('edge status', () => {
  it('shows link, spool, model and functions of an edge', async () => {
    // It has just been cut off.
    await eventually(async () => expect((await platform.edges[0]!.status()).link.connected).toBe(true))
    const { stdout, exitCode } = await edgeloop('edge', 'status', 'edge-1', '--check')
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^EDGE +edge-1\nAgent +version \d.*, up for .*, installation [0-9a-f]{8}\n/)
    expect(stdout).toMatch(/\nCloud +in reach since \d\d:\d\d:\d\d\n/)
    expect(stdout).toMatch(
      /\nSpool +empty\nDisk +photos take \d+ % of what they may, events 0 %\nDead letters +1\nModel +photos, version \d+\nDesired +as it was started\n/
    )
    expect(stdout).toMatch(/\nFUNCTION +RUNS +WAITING +LAST ERROR\n.*classify +yes +0 +–/s)
  })

  it('as JSON has the whole heartbeat of each edge; an edge that is none is named', async () => {
    const [edge, ...others] = (await edgeloop('edge', 'status', '--json')).json()
    expect(others).toEqual([])
    expect(edge).toMatchObject({ name: 'edge-1', status: { alarms: [], desired: { revision: null } } })
    const { exitCode, stderr } = await edgeloop('edge', 'status', 'edge-9')
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('there are: edge-1')])
  })

  it('with --check fails while an alarm is up, and says which', async () => {
    const edge = platform.edges[0]!
    const { agent } = await edge.status()
    const another = await mqtt.connectAsync((await findRunning(state))!.broker, { clientId: 'another-agent' })
    try {
      await another.publishAsync(
        'edges/edge-1/standby',
        JSON.stringify({ instance: 'a-copy-of-the-disk', run: 'another', againInMs: 1 })
      )
      await eventually(async () => {
        const { exitCode, stdout, stderr } = await edgeloop('edge', 'status', '--check')
        expect(exitCode).toBe(1)
        expect(stdout).toMatch(
          /\nALARM since .*: another agent of the installation a-copy-o goes by the name edge-1/
        )
        expect(stderr).toMatch(/^edge-1: another agent/)
      })
      expect((await edgeloop('edge', 'status')).exitCode).toBe(0)
      expect((await edge.status()).agent?.run).toBe(agent?.run)
    } finally {
      await another.endAsync(true)
    }
  })
})

describe('dead letters', () => {
  it('are listed with the reason, and shown with the event', async () => {
    const [letter, ...others] = (await edgeloop('dead-letters', 'list', '--json')).json()
    expect(others).toEqual([])
    expect(letter).toMatchObject({ place: 'edge-1', photo: lost.photo, type: 'photo.captured' })
    expect(letter.why).toContain('no longer on this node')
    expect((await edgeloop('dead-letters', 'list')).stdout).toContain(letter.id)
    expect(JSON.parse((await edgeloop('dead-letters', 'show', letter.id)).stdout)).toMatchObject({
      event: { type: 'photo.captured', data: { photo: { hash: lost.photo } } },
    })
  })

  it('that are replayed with the cause still there come back; without it the photo gets its outcome', async () => {
    const deadLetters = async () => (await platform.edges[0]!.status()).totals.deadLettered
    const [{ id }] = (await edgeloop('dead-letters', 'list', '--json')).json()
    expect((await edgeloop('dead-letters', 'replay', id)).stdout).toContain(`${id} waits again`)
    await eventually(async () => {
      expect((await edgeloop('dead-letters', 'list', '--json')).json()).toMatchObject([{ id, attempts: 1 }])
    })
    expect(await deadLetters()).toBe(1)

    await rename(lost.to, lost.from)
    expect((await edgeloop('dead-letters', 'replay', '--all', '--json')).json()).toEqual({
      replayed: [id],
      failed: [],
    })
    await eventually(async () => expect(await deadLetters()).toBe(0))
    await eventually(async () => {
      const { totals } = await platform.edges[0]!.status()
      expect(totals.accepted + totals.review + totals.rejected).toBe(9)
    })
    expect((await edgeloop('dead-letters', 'list')).stdout).toBe('No dead letters.\n')
    const half = await edgeloop('dead-letters', 'discard', '--json', 'edge-9/classify/1', id)
    expect(half).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('there is no edge-9 here') })
    expect(half.json()).toMatchObject({
      discarded: [],
      failed: [{ about: 'edge-9/classify/1', error: 'there is no edge-9 here' }, { about: id }],
    })
    expect(await edgeloop('dead-letters', 'discard', id)).toMatchObject({ exitCode: 1 })
  })

  it('are named, one way or another', async () => {
    expect((await edgeloop('dead-letters', 'replay')).stderr).toContain('their ids, or --all')
    expect(
      (await edgeloop('dead-letters', 'replay', '--edge', 'cloud', 'edge-1/classify/1')).stderr
    ).toContain("none of cloud's dead letters")
    expect((await edgeloop('dead-letters', 'replay', '--edge', 'cloud', 'upload-sample/1')).stderr).toContain(
      'cloud/upload-sample/1'
    )
    expect((await edgeloop('dead-letters', 'show', 'classify/1')).stderr).toContain('edge-1/classify/42')
    expect((await edgeloop('dead-letters', 'list', '--edge', 'edge-7')).stderr).toContain(
      'there are: cloud, edge-1'
    )
  })
})

describe('with an edge that is away', () => {
  it('the dead letters of the others are listed, and it is said whose are not', async () => {
    await platform.edges[0]!.kill()
    try {
      const { exitCode, stdout, stderr } = await edgeloop('dead-letters', 'list')
      expect([exitCode, stdout]).toEqual([1, 'No dead letters.\n'])
      expect(stderr).toContain('edge-1: edge-1 does not answer')
    } finally {
      await platform.edges[0]!.restart()
    }
  })
})

describe('label', () => {
  it('lists what waits, without what the model takes it for, and records an answer', async () => {
    const heard: (string | null)[] = []
    const stop = platform.onEvent(({ type, data }) => {
      if (type === 'sample.labelled') heard.push(data.label)
    })
    const { waiting, labels } = (await edgeloop('label', '--list', '--json')).json()
    expect(labels).toEqual(['cat', 'dog'])
    expect(waiting.length).toBeGreaterThan(1)
    expect(JSON.stringify(waiting)).not.toMatch(/"(cat|dog)"|confidence/)
    const { photo, url } = waiting[0]
    const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer())
    expect(photoHash(bytes)).toBe(photo)

    const { stdout } = await edgeloop('label', photo.slice(0, 10), 'dog')
    expect(stdout).toContain(`${photo.slice(0, 12)} is labelled dog`)
    expect(await peopleAnswers(platform.store, 'photos').get(photo)).toMatchObject({
      answers: [{ label: 'dog', by: me }],
    })
    await eventually(() => expect(heard).toEqual(['dog']))
    stop()
    expect((await edgeloop('label', '--list', '--json')).json().waiting).toHaveLength(waiting.length - 1)
    expect((await edgeloop('label', photo, 'cat', '--json')).json()).toMatchObject({
      before: { label: 'dog' },
      label: 'cat',
    })
    expect((await edgeloop('label', '--undo')).stdout).toContain(`${photo.slice(0, 12)} is taken back`)
    expect((await edgeloop('label', photo, '--neither')).stdout).toContain('is labelled neither')
  })

  it('says how labelling goes', async () => {
    const { stdout } = await edgeloop('label', '--status')
    expect(stdout).toMatch(/^\d+ photos wait, 0 are being answered, 2 are answered\.\nOn 1 of these/)
    expect(stdout).toContain('\nLabels: cat, dog\n')
    expect((await edgeloop('label', '--status', '--json')).json()).toMatchObject({
      ...{ answered: 2, neither: 1, disputed: 0, agreement: { asked: 0, agreed: 0 } },
      pseudoLabels: { stopped: expect.any(Boolean) },
    })
  })

  it('refuses a slip of the pen, an unknown photo, and to ask where there is no terminal', async () => {
    const [{ photo }] = (await edgeloop('label', '--list', '--json')).json().waiting
    expect((await edgeloop('label', photo, 'catt')).stderr).toContain(
      'labels are cat, dog; for another one, add --new'
    )
    expect((await edgeloop('label', 'ffffffffffff', 'cat')).stderr).toContain('no sample begins with')
    expect((await edgeloop('label')).stderr).toContain('no terminal')
    expect(await edgeloop('label', photo, 'fox', '--new')).toMatchObject({ exitCode: 0 })
  })
})

describe('models', () => {
  it('are listed, promoted by hand and rolled back, with who and why', async () => {
    const registry = modelRegistry(platform.store, 'photos')
    const { versions, stable } = (await edgeloop('models', 'list', '--json')).json()
    expect(versions.length).toBeGreaterThan(1)
    expect((await edgeloop('models', 'list')).stdout).toMatch(
      /VERSION +CHANNEL +TRAINED +SAMPLES +GOLDEN +VERDICT/
    )
    const other = versions.find(({ version }: { version: number }) => version !== stable.version).version

    const promoted = await edgeloop('models', 'promote', String(other), '--why', 'because')
    expect(promoted.stdout).toContain(`version ${other} is stable now`)
    expect((await registry.channel('stable'))!.value).toMatchObject({
      version: other,
      by: me,
      why: 'because',
    })
    await eventually(async () => expect((await platform.edges[0]!.status()).model.serving).toBe(other))

    expect((await edgeloop('models', 'rollback', '--json')).json()).toMatchObject({
      from: other,
      to: stable.version,
      why: `Rolled back from version ${other}.`,
    })
    await eventually(async () =>
      expect((await platform.edges[0]!.status()).model.serving).toBe(stable.version)
    )
    expect((await edgeloop('models', 'promote', String(stable.version))).stderr).toContain(
      'is stable already'
    )
    expect((await edgeloop('models', 'promote', '99')).stderr).toContain('has no version 99')
    expect((await edgeloop('models', 'promote', 'latest')).stderr).toContain('is no version')
  })
})
