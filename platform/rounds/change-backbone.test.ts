import { readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { modelRegistry } from '../../lib/registry/index.ts'
import { renamedBackbone, temporaryDirectory } from '../../test/support/index.ts'
import { createDemoCamera } from '../demo-camera/index.ts'
import { createPlatform } from '../index.ts'
import { type LabelledPhoto, type RunEvent, runRounds } from './index.ts'

// Each start of the platform loads four processes, and each round trains.
vi.setConfig({ testTimeout: 240_000 })

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>
let state: string
let other: { directory: string; hash: string }
beforeAll(async () => {
  temporary = await temporaryDirectory('change-backbone')
  state = path.join(temporary.directory, 'state')
  const directory = path.join(temporary.directory, 'other')
  other = { directory, hash: await renamedBackbone(directory, 'other') }
})
afterAll(() => temporary.remove())

/** Goes on with the one run of this state; tells what each version stands on, and what was said. */
async function turn(rounds: number, backboneDir?: string) {
  const camera = await createDemoCamera({ seed: 5 })
  const scene = (index: number): LabelledPhoto => ({
    label: camera.label(index),
    read: async () => (await camera.scene(index)).bytes,
  })
  const scenes = (from: number, count: number) => Array.from({ length: count }, (_, i) => scene(from + i))
  const events: RunEvent[] = []
  const platform = await createPlatform({ state, edges: 1, backboneDir, onOutput() {} })
  try {
    await runRounds({
      platform,
      supply: {
        key: 'drawn',
        golden: scenes(0, 10),
        test: scenes(10, 4),
        seeds: scenes(14, 8),
        stream: (i) => scene(22 + i),
      },
      state,
      rounds,
      perRound: 4,
      labelsPerRound: 1,
      devicesPerEdge: 1,
      faults: { cuts: [], kills: [] },
      onEvent: (event) => events.push(event),
      signal: new AbortController().signal,
    })
    const registry = modelRegistry(platform.store, platform.model)
    const versions = await registry.versions()
    const manifests = await Promise.all(versions.map((version) => registry.manifest(version)))
    const remarks = events.flatMap((event) => (event.event === 'remark' ? [event.text] : []))
    return {
      backbones: manifests.map(({ manifest }) => manifest.backbone.name),
      remarks,
      kept: await readdir(path.join(state, 'backbones')).catch(() => []),
    }
  } finally {
    await platform.dispose()
  }
}

it('a state goes on with another backbone, and keeps to it when none is named', async () => {
  expect(await turn(0)).toEqual({
    backbones: ['efficientnet-lite0'],
    remarks: [],
    kept: [],
  })

  const changed = await turn(0, other.directory)
  expect(changed.backbones).toEqual(['efficientnet-lite0', 'other'])
  expect(changed.remarks[0]).toMatch(
    /^version 1 stands on efficientnet-lite0: one that stands on other is trained now/
  )
  // Nothing was fetched: its folder is at hand.
  expect(changed.kept).toEqual([])

  await rm(other.directory, { recursive: true })
  const kept = await turn(1)
  expect(kept.backbones).toEqual(['efficientnet-lite0', 'other', 'other'])
  expect(kept).toMatchObject({ remarks: [], kept: [other.hash] })
})
