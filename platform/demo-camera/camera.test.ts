import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { hammingDistance, perceptualHash, photoHash } from '../../lib/photo/index.ts'
import { decodePhoto } from '../../lib/photo-decoder/index.ts'
import { createDemoCamera } from './camera.ts'

describe('createDemoCamera', () => {
  it('draws JPEGs of 480 by 360 pixels with even labels', async () => {
    const camera = createDemoCamera({ seed: 1 })
    const scenes = await Promise.all(Array.from({ length: 8 }, (_, index) => camera.scene(index)))
    for (const { bytes } of scenes)
      expect(await sharp(bytes).metadata()).toMatchObject({ format: 'jpeg', width: 480, height: 360 })
    expect(scenes.map((scene) => scene.label).sort()).toEqual([
      ...Array(4).fill('cat'),
      ...Array(4).fill('dog'),
    ])
    expect(scenes.map((scene) => scene.label)).toEqual(scenes.map((_, index) => camera.label(index)))
    expect(camera.labels).toEqual(['cat', 'dog'])
  })

  it('repeats a scene for a seed, whatever was drawn before, and draws another one for another seed', async () => {
    const draw = async (seed: string, before: number[]) => {
      const camera = createDemoCamera({ seed })
      for (const index of before) await camera.scene(index)
      const { bytes, label } = await camera.scene(5)
      return `${label} ${photoHash(bytes)}`
    }
    const scene = await draw('a', [])
    expect(await draw('a', [3, 9])).toBe(scene)
    expect(await draw('b', [])).not.toBe(scene)
  })

  it('draws no two scenes that pass for one', async () => {
    const camera = createDemoCamera({ seed: 2 })
    const hashes: string[] = []
    for (let index = 0; index < 40; index++) {
      const { bytes } = await camera.scene(index)
      hashes.push(perceptualHash(await decodePhoto(bytes, { size: 224 })))
    }
    for (const [index, hash] of hashes.entries())
      for (const other of hashes.slice(0, index)) expect(hammingDistance(hash, other)).toBeGreaterThan(4)
  })

  it('draws any labels that the makers have icons for', async () => {
    const labels = { fruit: ['red-apple', 'pear'], tool: ['hammer', 'wrench'], music: ['guitar'] }
    const camera = createDemoCamera({ seed: 1, labels })
    const drawn = await Promise.all([0, 1, 2].map((index) => camera.scene(index)))
    expect(drawn.map((scene) => scene.label).sort()).toEqual(['fruit', 'music', 'tool'])
  })

  it('refuses fewer than two labels, a label without any icon, and a scene with no number', async () => {
    expect(() => createDemoCamera({ seed: 1, labels: { cat: ['cat'] } })).toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT' })
    )
    const camera = createDemoCamera({ seed: 1, labels: { cat: ['cat'], unicorn: ['no such icon'] } })
    await expect(camera.scene(0)).rejects.toMatchObject({ code: 'INVALID_INPUT', where: 'no such icon' })
    await expect(createDemoCamera({ seed: 1 }).scene(-1)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})
