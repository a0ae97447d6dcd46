import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import path from 'node:path'
import { labelQueue, type SampleRecord } from '../../lib/dataset/index.ts'
import { asEdgeloopError } from '../../lib/errors/index.ts'
import type { EdgeloopEvent } from '../../lib/events/index.ts'
import type { ObjectStore } from '../../lib/s3/index.ts'
import type { Line } from '../terminal/index.ts'
import { knownLabels } from './known-labels.ts'
import { photoSource } from './photo-source.ts'
import { drawPicture } from './picture.ts'

export interface LabellingOptions {
  store: ObjectStore
  dataset: string
  model: string
  edges: readonly { name: string; gateway: string }[]
  publish(event: EdgeloopEvent): Promise<void>
  /** The most columns and rows for the next photo, and the terminal's bits a colour. */
  picture(): { columns: number; rows: number; depth: number }
  /** There is something new to show. */
  onChange(): void
}

/** What somebody who labels photos sees. The prediction is not there until they have answered: it would lead them. */
export interface LabellingView {
  /** The photo that is asked about; undefined while looking for one, and when none waits. */
  sample: Pick<SampleRecord, 'photo' | 'edge' | 'device'> | undefined
  picture: readonly Line[]
  /** Where the photo is for other programs to show. */
  file: string | undefined
  /** Photos that wait, those that were skipped excepted. */
  waiting: number
  /** Answered by digits 1 to 9. */
  labels: readonly string[]
  /** A label that is being written. */
  typed: string | undefined
  answered: number
  /** What goes on, or went wrong. */
  message: string
}

/** Asks one person about one photo after the other. */
export interface Labelling {
  view(): LabellingView
  /** A key of the keyboard. Returns whether the person wants to leave. */
  key(key: string): 'leave' | undefined
  close(): Promise<void>
}

export function startLabelling(options: LabellingOptions): Labelling {
  const { store, dataset, onChange } = options
  const queue = labelQueue(store, dataset, options.publish)
  const source = photoSource(store, dataset, options.edges)
  const by = userInfo().username
  const skipped = new Set<string>()
  const folder = mkdtemp(path.join(tmpdir(), 'edgeloop-label-'))
  let sample: SampleRecord | undefined
  let shown: Pick<LabellingView, 'picture' | 'file'> = { picture: [], file: undefined }
  let labels: readonly string[] = []
  let typed: string | undefined
  let answered = 0
  let waiting = 0
  let message = 'Looking for photos …'
  let work: Promise<void> = Promise.resolve()
  let closed = false

  /** One thing after the other; what goes wrong is shown. */
  function then(next: () => Promise<void>): void {
    work = work
      .then(() => (closed ? undefined : next()))
      .catch((error: unknown) => {
        message = asEdgeloopError(error).message
      })
      .finally(onChange)
  }

  async function advance(said = ''): Promise<void> {
    const left = (await queue.waiting()).filter(({ photo }) => !skipped.has(photo.hash))
    const known = await knownLabels(store, dataset, options.model)
    const next = left[0]
    const found = next ? await show(next) : { picture: [], file: undefined }
    const none = skipped.size > 0 ? 'Only photos that you skipped wait.' : 'No photo waits for a label.'
    const trouble = next ? (found.file ? '' : 'The photo is out of reach: n skips it.') : none
    // All at once: nobody answers about a photo that is not there yet.
    labels = known
    waiting = left.length
    sample = next
    shown = found
    message = [said, trouble].filter(Boolean).join(' ')
  }

  async function show(next: SampleRecord): Promise<typeof shown> {
    const photo = await source.fetch(next)
    if (!photo) return { picture: [], file: undefined }
    const file = path.join(
      await folder,
      `${next.photo.hash.slice(0, 12)}.${next.photo.mediaType.split('/')[1]}`
    )
    await writeFile(file, photo)
    const { depth, ...box } = options.picture()
    return { picture: await drawPicture(photo, box, depth).catch(() => []), file }
  }

  /** For the photo on the screen, whatever comes next until it is recorded. */
  function answer(label: string): void {
    const asked = sample
    if (!asked) return
    sample = undefined
    then(async () => {
      await queue.answer({ photo: asked.photo.hash, label, by })
      answered++
      await advance(`You: ${label}. ${saidBy(asked)}`)
    })
  }

  function skip(): void {
    if (!sample) return
    skipped.add(sample.photo.hash)
    sample = undefined
    then(() => advance())
  }

  function write(key: string): void {
    if (key === 'escape') typed = undefined
    else if (key === 'backspace') typed = typed!.slice(0, -1)
    else if (key === 'return') {
      const label = typed!.trim()
      typed = undefined
      if (label) answer(label)
    } else if ([...key].length === 1) typed += key
  }

  then(() => advance())
  return {
    view: () => ({ sample, ...shown, waiting, labels, typed, answered, message }),
    key(key) {
      if (typed !== undefined) write(key)
      else if (key === 'escape' || key === 'q') return 'leave'
      else if (key === 'n') skip()
      else if (key === 'w' && sample) typed = ''
      else if (/^[1-9]$/.test(key) && labels[Number(key) - 1]) answer(labels[Number(key) - 1]!)
      onChange()
      return undefined
    },
    async close() {
      closed = true
      await work
      await rm(await folder, { recursive: true, force: true })
    },
  }
}

/** Afterwards, people like to know. */
function saidBy({ prediction }: SampleRecord): string {
  if (!prediction) return ''
  const { model, labels, confidence } = prediction
  return `Version ${model.version}: ${labels[0]!.label}, ${Math.round(confidence * 100)} % sure.`
}
