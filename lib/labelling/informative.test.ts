import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type Informative, mostInformative } from './informative.ts'

const hashOf = (name: string) => createHash('sha256').update(name).digest('hex')
const BACKBONE = hashOf('backbone')

/** A photo whose features point into a direction of the plane, in degrees. */
interface Given {
  name: string
  confidence: number
  degrees?: number
  backbone?: string
}

async function orderOf(waiting: Given[], answered: Given[] = []): Promise<string[]> {
  const names = new Map([...waiting, ...answered].map((photo) => [hashOf(photo.name), photo]))
  const samples = waiting.map(
    ({ name, confidence, backbone = BACKBONE }): Informative => ({
      photo: hashOf(name),
      confidence,
      backbone,
    })
  )
  const features = async (backbone: string, photo: string) => {
    const { degrees, backbone: own = BACKBONE } = names.get(photo)!
    if (degrees === undefined || own !== backbone) return undefined
    const angle = (degrees * Math.PI) / 180
    return Float32Array.of(Math.cos(angle), Math.sin(angle))
  }
  const found: string[] = []
  for await (const { photo } of mostInformative(
    samples,
    answered.map(({ name }) => hashOf(name)),
    features
  ))
    found.push(names.get(photo)!.name)
  return found
}

describe('what is asked first', () => {
  it('is what the model is least sure of, where nothing is known about what photos resemble', async () => {
    const photos = [
      { name: 'sure', confidence: 0.9 },
      { name: 'unsure', confidence: 0.4 },
      { name: 'half', confidence: 0.5 },
    ]
    expect(await orderOf(photos)).toEqual(['unsure', 'half', 'sure'])
  })

  it('is new: a photo like one that was answered can wait', async () => {
    const known = { name: 'answered', confidence: 0, degrees: 0 }
    const photos = [
      { name: 'like it', confidence: 0.4, degrees: 5 },
      { name: 'another', confidence: 0.6, degrees: 80 },
    ]
    expect(await orderOf(photos, [known])).toEqual(['another', 'like it'])
    expect(await orderOf(photos)).toEqual(['like it', 'another'])
  })

  it('is diverse: after one of a kind comes another kind', async () => {
    const kind = (name: string, degrees: number, confidence: number) =>
      [0, 1, 2].map((i) => ({ name: `${name}${i}`, degrees: degrees + i, confidence: confidence + i / 1000 }))
    const order = await orderOf([...kind('a', 0, 0.4), ...kind('b', 45, 0.5), ...kind('c', 90, 0.6)])
    expect(order.slice(0, 3).map((name) => name[0])).toEqual(['a', 'c', 'b'])
    expect(new Set(order)).toHaveLength(9)
  })

  it('does not compare what different backbones computed', async () => {
    const known = { name: 'answered', confidence: 0, degrees: 0, backbone: hashOf('older') }
    const photos = [
      { name: 'same direction', confidence: 0.4, degrees: 0 },
      { name: 'another', confidence: 0.5, degrees: 90 },
    ]
    expect(await orderOf(photos, [known])).toEqual(['same direction', 'another'])
  })

  it('takes a photo without features for as new as others', async () => {
    const known = { name: 'answered', confidence: 0, degrees: 0 }
    const photos = [
      { name: 'near', confidence: 0.5, degrees: 10 },
      { name: 'bare', confidence: 0.5 },
      { name: 'middle', confidence: 0.5, degrees: 40 },
      { name: 'far', confidence: 0.5, degrees: 80 },
    ]
    const order = await orderOf(photos, [known])
    expect(order[0]).toBe('far')
    expect(order.indexOf('bare')).toBeLessThan(order.indexOf('near'))
  })

  it('is the same each time, and all of them come', async () => {
    const photos = Array.from({ length: 230 }, (_, i) => ({
      ...{ name: `photo ${i}`, confidence: (i % 7) / 10, degrees: (i * 37) % 90 },
    }))
    const order = await orderOf(photos)
    expect(new Set(order)).toHaveLength(230)
    expect(await orderOf(photos.toReversed())).toEqual(order)
  })
})
