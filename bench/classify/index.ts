/**
 * What `classify` makes of the processor: each backbone on each runtime that is installed, over HTTP and alone, in turn; what
 * callers notice of swaps; decoding; and Xception against Python's TensorFlow.
 *
 *     npm run bench classify -- [--xception FILE] [--photos DIR] [--python python3] [--rounds 5] [--seconds 8]
 * @module
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { createTeardown } from '../../lib/teardown/index.ts'
import type { Row } from '../report.ts'
import { startBareLoop } from './bare-loop.ts'
import { bundleClassify, startClassify } from './classify-process.ts'
import { decoding } from './decoding.ts'
import { againstKeras } from './keras.ts'
import { heldUp, largeRequests } from './large-requests.ts'
import { jpegs } from './photos.ts'
import { findSubjects } from './subjects.ts'
import { swaps } from './swaps.ts'
import { throughput } from './throughput.ts'

const PHOTOS = 200

export default async function classify(args: string[]): Promise<Row[]> {
  const { values } = parseArgs({
    args,
    options: {
      xception: { type: 'string', default: process.env.EDGELOOP_TEST_XCEPTION },
      photos: { type: 'string', default: '../shared/photos' },
      python: { type: 'string', default: 'python3' },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '8' },
    },
  })
  const { xception, python } = values
  const measured = { rounds: Number(values.rounds), seconds: Number(values.seconds) }
  const workplace = await mkdtemp(path.join(tmpdir(), 'edgeloop-bench-'))
  try {
    if (!xception)
      process.stderr.write('no weights of Xception: it is left out (name a file with --xception)\n')
    const subjects = await findSubjects(xception, workplace)
    const bundled = path.join(workplace, 'bundle')
    await bundleClassify(bundled)
    const photos = await jpegs(PHOTOS, { directory: values.photos, width: 640, height: 480 })

    const rows: Row[] = []
    for (const subject of subjects) {
      const teardown = createTeardown()
      try {
        const bare = await startBareLoop(subject, teardown)
        const served = await startClassify(subject, { bundled, workplace }, teardown)
        rows.push(...(await throughput(subject, served, bare, photos, measured)))
        const large = await largeRequests(values.photos, subject.inputSize)
        rows.push(await heldUp(subject, served, large, measured))
        // A hundredth of a slow backbone's answers is none.
        if (subject.backbone !== 'xception')
          rows.push(...(await swaps(subject, served, photos, measured.seconds)))
        if (xception && subject.backbone === 'xception' && subject.runtime === 'tfjs-node')
          rows.push(...(await againstKeras(bare, { python, xception, ...measured }, teardown)))
      } finally {
        await teardown.run()
      }
    }
    const sizes = [...new Set(subjects.map(({ inputSize }) => inputSize))]
    rows.push(...(await decoding(values.photos, sizes)))
    return rows
  } finally {
    await rm(workplace, { recursive: true, force: true })
  }
}
