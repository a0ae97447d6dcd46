import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type SampleRecord, sampleStore } from '../../lib/dataset/index.ts'
import { type Uplink, wantsPhoto } from '../../lib/events/index.ts'
import { createObjectStore } from '../../lib/s3/index.ts'
import { createS3Server } from '../../platform/s3/index.ts'
import { type Row, row } from '../report.ts'
import { openEdge } from '../simulated-edge/edge.ts'
import { classified, type LabelledLook, train } from '../simulated-edge/model.ts'

const credentials = { accessKeyId: 'bench', secretAccessKey: 'bench-secret' }
/** Of the photos of the second row, in bytes. */
const LARGE = 300_000

/** What goes up of a stream of photos, by what S3 is given, against all of them. */
export async function bytesRows(
  photos: readonly LabelledLook[],
  read: (name: string) => Promise<Buffer>
): Promise<Row[]> {
  const directory = await mkdtemp(path.join(tmpdir(), 'edgeloop-bench-'))
  const s3 = await createS3Server({
    directory,
    host: '127.0.0.1',
    port: 0,
    buckets: ['bench'],
    ...credentials,
  })
  const store = createObjectStore({ endpoint: s3.url, bucket: 'bench', ...credentials })
  try {
    const [seen, stream] = [photos.slice(0, 100), photos.slice(100)]
    const model = await train(seen, 1)
    const all = stream.reduce((sum, { photo }) => sum + photo.size, 0)
    async function uploaded(uplink: Uplink): Promise<number> {
      const edge = await openEdge()
      const samples = sampleStore(store, `bench-${uplink}`)
      let sum = 0
      for (const [i, look] of stream.entries()) {
        const sample = await edge.decide(classified(model, look, {}, i + 1))
        await edge.record(sample)
        if (sample.band === 'reject') continue
        const { features, thumbnail: _thumbnail, uplink: _uplink, band, ...rest } = sample
        const photo = wantsPhoto(band, uplink) ? await read(look.name) : null
        const record: SampleRecord = {
          ...rest,
          band,
          backbone: features!.backbone,
          withPhoto: photo !== null,
        }
        sum += (await samples.put({ record, features: Buffer.from(features!.values, 'base64'), photo })).bytes
      }
      await edge.close()
      return sum
    }
    return [
      row(
        `bytes uploaded of ${stream.length} photos, uplink review`,
        await uploaded('review'),
        'bytes',
        ['≤', 0.15],
        {
          name: 'all photos',
          value: all,
        }
      ),
      row(`the same, uplink features`, await uploaded('features'), 'bytes', ['≤', 0.02], {
        name: 'as many photos of 300 KB',
        value: stream.length * LARGE,
      }),
    ]
  } finally {
    store.close()
    await s3.close()
    await rm(directory, { recursive: true, force: true })
  }
}
