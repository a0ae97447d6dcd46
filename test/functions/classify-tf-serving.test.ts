/** TensorFlow Serving's API on the function itself, with a real model: what the signatures take and give. */
import path from 'node:path'
import fc from 'fast-check'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isInstalled } from '../../lib/runtime/index.ts'
import {
  BROKEN,
  blockPhoto,
  type Classify,
  cacheFolder,
  seededHead,
  serveClassify,
  temporaryDirectory,
} from '../support/index.ts'

const LABELS = ['cat', 'dog', 'Fuchs ü']
const SIZE = 224

const b64 = (bytes: Uint8Array) => ({ b64: Buffer.from(bytes).toString('base64') })

/** What a photo's pixels look like in JSON, row after row. */
async function pixelsOf(photo: Uint8Array): Promise<number[][][]> {
  const raw = await sharp(photo).removeAlpha().raw().toBuffer()
  return Array.from({ length: SIZE }, (_, y) =>
    Array.from({ length: SIZE }, (_, x) => {
      const at = (y * SIZE + x) * 3
      return [...raw.subarray(at, at + 3)]
    })
  )
}

describe.each(['wasm', 'tfjs-node'] as const)('on %s', (runtime) => {
  describe.runIf(isInstalled(runtime))('where it is installed', () => {
    let remove: () => Promise<void>
    let classify: Classify
    /** As large as the input, so that its pixels are the network's. */
    let photo: Uint8Array
    /** What `POST /` says about it, by label. */
    let scores: Map<string, number>

    beforeAll(async () => {
      const workplace = await temporaryDirectory('tf-serving')
      remove = workplace.remove
      const cache = cacheFolder(path.join(workplace.directory, 'cache'))
      await cache.point(await cache.version(3, seededHead(LABELS, 3), await cache.backbone()))
      classify = await serveClassify(cache.directory, { RUNTIME: runtime, MAX_PHOTO_BYTES: '400000' })
      await classify.says({ serving: 3, why: null })
      photo = await blockPhoto('tf', 'png', SIZE)
      const answer = (await (await classify.post(photo)).json()) as {
        labels: { label: string; score: number }[]
      }
      scores = new Map(answer.labels.map(({ label, score }) => [label, score]))
    })
    afterAll(async () => {
      await classify?.close()
      await remove()
    })

    const expectScores = (given: number[]) => {
      expect(given).toHaveLength(LABELS.length)
      for (const [i, label] of LABELS.entries()) expect(given[i]).toBeCloseTo(scores.get(label)!, 3)
    }

    it('tells its state and what it takes', async () => {
      expect(await classify.ask('photos')).toEqual({
        status: 200,
        json: {
          model_version_status: [
            { version: '3', state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } },
          ],
        },
      })
      const { json } = await classify.ask('photos/labels/stable/metadata')
      expect(json.model_spec).toEqual({ name: 'photos', signature_name: '', version: '3' })
      const signatures = json.metadata.signature_def.signature_def
      expect(Object.keys(signatures).sort()).toEqual([
        'classification',
        'image_bytes',
        'regression',
        'serving_default',
      ])
      expect(signatures.serving_default.inputs.pixels).toMatchObject({
        dtype: 'DT_UINT8',
        tensor_shape: { dim: [{ size: '-1' }, { size: '224' }, { size: '224' }, { size: '3' }] },
      })
      expect(signatures.image_bytes.inputs.image_bytes.dtype).toBe('DT_STRING')
    })

    it('takes pixels, in rows and in columns, by version and by channel', async () => {
      const pixels = await pixelsOf(photo)
      const row = await classify.ask('photos:predict', { instances: [pixels, pixels] })
      expect(row.status).toBe(200)
      expect(Object.keys(row.json)).toEqual(['predictions'])
      expect(row.json.predictions).toHaveLength(2)
      for (const one of row.json.predictions) expectScores(one)
      const column = await classify.ask('photos/labels/stable:predict', { inputs: { pixels: [pixels] } })
      expectScores(column.json.outputs[0])
      const named = await classify.ask('photos/versions/3:predict', { instances: [{ pixels }] })
      expectScores(named.json.predictions[0])
    })

    it('takes encoded images, in rows and in columns', async () => {
      const jpeg = await blockPhoto('other', 'jpeg')
      const row = await classify.ask('photos:predict', {
        signature_name: 'image_bytes',
        instances: [b64(photo), b64(jpeg)],
      })
      expect(row.json.predictions[0].classes).toEqual(LABELS)
      expectScores(row.json.predictions[0].scores)
      const column = await classify.ask('photos:predict', {
        signature_name: 'image_bytes',
        inputs: [b64(photo), b64(jpeg)],
      })
      expect(column.json.outputs.classes).toEqual([LABELS, LABELS])
      expectScores(column.json.outputs.scores[0])
      expect(column.json.outputs.scores[1]).toEqual(row.json.predictions[1].scores)
    })

    it('classifies and regresses examples, by their own signatures', async () => {
      const examples = [{ image_bytes: b64(photo) }]
      const classified = await classify.ask('photos:classify', { signature_name: 'classification', examples })
      expect(classified.json).toEqual({ results: [expect.any(Array)] })
      const ranked = [...scores].sort(([, a], [, b]) => b - a)
      const [first] = classified.json.results
      expect(first.map(([label]: [string]) => label)).toEqual(ranked.map(([label]) => label))
      for (const [i, [, score]] of ranked.entries()) expect(first[i][1]).toBeCloseTo(score, 3)
      const regressed = await classify.ask('photos:regress', { signature_name: 'regression', examples })
      expect(regressed.json.results).toHaveLength(1)
      expect(regressed.json.results[0]).toBeCloseTo(ranked[0]![1], 3)
    })

    it.each([
      ['an unknown model', 'x:predict', { instances: [1] }, 404, 'Servable not found for request: Latest(x)'],
      [
        'an unknown version',
        'photos/versions/9:predict',
        { instances: [1] },
        404,
        'Servable not found for request: Specific(photos, 9)',
      ],
      [
        'an unknown channel',
        'photos/labels/canary:predict',
        { instances: [1] },
        400,
        'Unrecognized servable version label: canary',
      ],
      [
        'pixels of another size',
        'photos:predict',
        { instances: [[[[1, 2, 3]]]] },
        400,
        expect.stringContaining('[1,1,1,3]'),
      ],
      [
        'text instead of pixels',
        'photos:predict',
        { instances: ['x'] },
        400,
        expect.stringContaining('is not of expected type'),
      ],
      [
        'bytes that are no image',
        'photos:predict',
        { signature_name: 'image_bytes', instances: [b64(Buffer.from('no image'))] },
        400,
        'this is not a JPEG, PNG or WebP photo',
      ],
      [
        'an example without a photo',
        'photos:classify',
        { signature_name: 'classification', examples: [{ x: 1 }] },
        400,
        expect.stringContaining('no feature image_bytes'),
      ],
    ])('refuses %s', async (_, where, body, status, error) => {
      expect(await classify.ask(where, body)).toEqual({ status, json: { error } })
    })

    it('says which of several photos is broken', async () => {
      const instances = [b64(photo), b64(photo.subarray(0, 300))]
      const { status, json } = await classify.ask('photos:predict', {
        signature_name: 'image_bytes',
        instances,
      })
      expect(status).toBe(400)
      expect(json.error).toMatch(/^photo 1: this photo cannot be decoded/)
    })

    it.each(BROKEN)('$name is never its own fault', async ({ bytes }) => {
      const body = { signature_name: 'image_bytes', instances: [b64(await bytes())] }
      const { status, json } = await classify.ask('photos:predict', body)
      expect([status, typeof json.error]).toEqual([400, 'string'])
    })

    it('stands whatever is done to a photo: cut, changed, or called something else', async () => {
      const whole = await Promise.all(
        (['jpeg', 'png', 'webp'] as const).map(async (format) =>
          Buffer.from(await blockPhoto('fuzz', format))
        )
      )
      const type = fc.constantFrom('image/jpeg', 'image/png', 'image/webp', 'text/plain')
      const change = fc.record({
        at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        byte: fc.integer({ min: 0, max: 255 }),
      })
      const input = fc.record({
        photo: fc.constantFrom(...whole),
        keep: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
        changes: fc.array(change, { maxLength: 12 }),
        type,
      })
      await fc.assert(
        fc.asyncProperty(input, async ({ photo: bytes, keep, changes, type }) => {
          const broken = Buffer.from(bytes.subarray(0, Math.ceil(bytes.length * keep)))
          for (const { at, byte } of changes) broken[Math.floor(at * broken.length)] = byte
          const plain = await classify.post(broken, { type })
          expect([200, 400, 413, 415, 422]).toContain(plain.status)
          const predicted = await classify.ask('photos:predict', {
            signature_name: 'image_bytes',
            instances: [b64(broken)],
          })
          // The same bytes: either both see a photo, or neither does.
          expect(predicted.status).toBe(plain.status === 200 ? 200 : 400)
        }),
        { numRuns: 150 }
      )
      expect((await classify.post(photo)).status).toBe(200)
    }, 120_000)
  })
})
