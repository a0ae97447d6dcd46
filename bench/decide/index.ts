/**
 * How well an edge decides what a photo is worth: foreign photos, near duplicates, wrong pseudo-labels, time, and bytes.
 *
 *     npm run bench decide -- [--photos ../shared/photos]
 * @module
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { createRandom } from '../../lib/random/index.ts'
import { openPhotoFolder } from '../../platform/photo-folder/index.ts'
import type { Row } from '../report.ts'
import { createLooker } from '../simulated-edge/look.ts'
import { train } from '../simulated-edge/model.ts'
import { bytesRows } from './bytes.ts'
import { copiesOf } from './copies.ts'
import { foreignPhotos } from './foreign.ts'
import { foreignRows } from './foreignness.ts'
import { fetchSources } from './sources.ts'
import { timeRow } from './time.ts'
import { twinRows } from './twins.ts'

/** Every so many-th photo is copied. */
const COPIED = 4

export default async function decide(args: string[]): Promise<Row[]> {
  const { values } = parseArgs({ args, options: { photos: { type: 'string', default: '../shared/photos' } } })
  const directory = await mkdtemp(path.join(tmpdir(), 'edgeloop-bench-'))
  const looker = await createLooker()
  const looks = async <T extends { bytes: Buffer }>(what: string, photos: AsyncIterable<T> | Iterable<T>) => {
    const found = []
    for await (const { bytes, ...about } of photos) {
      found.push({ ...about, ...(await looker.look(bytes)) })
      if (found.length % 200 === 0) process.stderr.write(`${what}: ${found.length}\n`)
    }
    return found
  }
  try {
    const files = await openPhotoFolder(values.photos)
    const random = createRandom('decide')
    const good = await looks('good photos', withBytes(files))
    const copies = await looks('near duplicates', allCopies(files.filter((_, i) => i % COPIED === 0)))
    const foreign = await looks('foreign photos', foreignPhotos(await fetchSources(directory), random))
    const shuffled = random.shuffle(good)
    const model = await train(shuffled.slice(0, 100), 1)
    const paths = new Map(files.map(({ name, path }) => [name, path]))
    return [
      ...(await foreignRows(good, foreign)),
      ...(await twinRows(good, copies, model)),
      await timeRow(good, model),
      ...(await bytesRows(shuffled, (name) => readFile(paths.get(name)!))),
    ]
  } finally {
    await looker.close()
    await rm(directory, { recursive: true, force: true })
  }

  async function* allCopies(photos: readonly { path: string }[]) {
    for (const { path } of photos) yield* await copiesOf(await readFile(path), createRandom(path))
  }
}

async function* withBytes(photos: readonly { path: string; label: string; name: string }[]) {
  for (const { path, label, name } of photos) yield { label, name, bytes: await readFile(path) }
}
