import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import {
  type BackboneManifest,
  importXception,
  openBackbone,
  type PublishedWeights,
  xceptionWeights,
} from '../../lib/backbone/index.ts'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { download } from './download.ts'

/** A step, and the share of it that is done, 0 to 1, where that is known. */
export type OnProgress = (step: string, done?: number) => void

export interface AddOptions {
  /** The folder that becomes the backbone. */
  into: string
  /** A file with the weights; they are downloaded when absent. */
  from?: string
  /** What is downloaded. */
  published?: PublishedWeights
  onProgress: OnProgress
  signal: AbortSignal
}

export interface Added {
  manifest: BackboneManifest
  directory: string
  /** What the folder held before: nothing, the same backbone, or another one. */
  before: 'nothing' | 'same' | 'other'
}

/** What a backbone's folder holds, and nothing else. */
const OWN_FILES = ['backbone.json', 'weights.bin']

/**
 * Makes Xception in a folder, of published or given weights. The folder appears whole or not at all; one that holds
 * another backbone is replaced.
 *
 * @throws EdgeloopError CONFLICT when the folder holds something else, INVALID_INPUT when the file holds no Xception, and
 *   what `download` throws
 */
export async function addBackbone(options: AddOptions): Promise<Added> {
  const { into, from, published = xceptionWeights, onProgress, signal } = options
  const target = path.resolve(into)
  await checkTarget(target)
  const there = await openBackbone(target).then(
    ({ manifest }) => manifest,
    () => undefined
  )
  // Nothing else has this origin, which the importer writes only after it has seen the published digest.
  if (there?.provenance.package === 'keras-applications' && from === undefined)
    return { manifest: there, directory: target, before: 'same' }
  await mkdir(path.dirname(target), { recursive: true })
  let isDone = true
  const draft = await mkdtemp(path.join(path.dirname(target), `.${path.basename(target)}-`))
  try {
    const file = from ?? path.join(draft, 'weights.h5')
    if (from === undefined) {
      const progress = (done: number, total: number | undefined) =>
        onProgress('downloading the weights', total && done / total)
      await download(published, file, progress, signal)
    }
    const made = path.join(draft, 'backbone')
    const manifest = await importXception({ file, into: made, onProgress })
    signal.throwIfAborted()
    const before = there ? (there.hash === manifest.hash ? 'same' : 'other') : 'nothing'
    if (before !== 'same') {
      const old = path.join(draft, 'before')
      await rename(target, old).catch(unlessAbsent)
      await rename(made, target).catch(async (error: unknown) => {
        // The only copy may be there now.
        await rename(old, target).catch(() => {
          isDone = false
        })
        throw error
      })
    }
    return { manifest, directory: target, before }
  } finally {
    if (isDone) await rm(draft, { recursive: true, force: true })
  }
}

/** A damaged backbone may be replaced; somebody's other files may not. */
async function checkTarget(target: string): Promise<void> {
  const names = await readdir(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw new EdgeloopError('INVALID_INPUT', `this cannot become a backbone's folder: ${error.message}`, {
      where: target,
      cause: error,
    })
  })
  const other = names.find((name) => !OWN_FILES.includes(name))
  if (other !== undefined)
    throw new EdgeloopError('CONFLICT', `the folder holds something else: ${other}`, {
      where: target,
      hint: 'Name a folder that is not there yet.',
    })
}

function unlessAbsent(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}
