import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { labelQueue, type SampleRecord } from '../../lib/dataset/index.ts'
import { asEdgeloopError } from '../../lib/errors/index.ts'
import type { EdgeloopEvent } from '../../lib/events/index.ts'
import type { ObjectStore } from '../../lib/s3/index.ts'
import type { Line } from '../terminal/index.ts'
import { userName } from '../user.ts'
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
  const queue = labelQueue(store, dataset, async (event) => {
    // The answer is in the bucket by then: nobody waits for a cloud that is out of reach.
    options.publish(event).catch(() => {})
  })
  const source = photoSource(store, dataset, options.edges)
  const known = knownLabels(store, dataset, options.model)
  const by = userName()
  const skipped = new Set<string>()
  /** Where photos are for other programs to show, once there is one. */
  let folder: string | undefined
  let sample: SampleRecord | undefined
  let shown: Pick<LabellingView, 'picture' | 'file'> = { picture: [], file: undefined }
  let labels: readonly string[] = []
  let typed: string | undefined
  /** A label that no photo has had so far; written once more, it is meant. */
  let unheard: string | undefined
  const answered = new Set<string>()
  let waiting = 0
  let message = 'Looking for photos …'
  let work: Promise<void> = Promise.resolve()
  /** What is still to be done. */
  let pending = 0
  let closed = false

  /** One thing after the other; what goes wrong is shown, after `undo`. */
  function then(next: () => Promise<void>, undo: () => void = () => {}): void {
    pending++
    work = work
      .then(() => (closed ? undefined : next()))
      .catch((error: unknown) => {
        undo()
        message = asEdgeloopError(error).message
      })
      .finally(() => {
        pending--
        onChange()
      })
  }

  async function advance(said = ''): Promise<void> {
    const left = (await queue.waiting()).filter(({ photo }) => !skipped.has(photo.hash))
    const all = await known()
    const next = left[0]
    const found = next ? await show(next) : { picture: [], file: undefined }
    const none = skipped.size > 0 ? 'Only photos that you skipped wait.' : 'No photo waits for a label.'
    const seen = found.file !== undefined || found.picture.length > 0
    const trouble = next ? (seen ? '' : 'The photo is out of reach: n skips it.') : none
    // All at once: nobody answers about a photo that is not there yet.
    labels = all
    waiting = left.length
    sample = next
    shown = found
    message = [said, trouble].filter(Boolean).join(' ')
  }

  async function show(next: SampleRecord): Promise<typeof shown> {
    const photo = await source.fetch(next)
    if (!photo) return { picture: [], file: undefined }
    const { depth, ...box } = options.picture()
    const picture = await drawPicture(photo, box, depth).catch(() => [])
    // Where there is no room for it, the picture alone has to do.
    return { picture, file: await keep(next, photo).catch(() => undefined) }
  }

  async function keep({ photo: { hash, mediaType } }: SampleRecord, photo: Uint8Array): Promise<string> {
    folder ??= await mkdtemp(path.join(tmpdir(), 'edgeloop-label-'))
    const file = path.join(folder, `${hash.slice(0, 12)}.${mediaType.split('/')[1]}`)
    await writeFile(file, photo)
    return file
  }

  /** For the photo on the screen, whatever comes next until it is recorded. */
  function answer(label: string): void {
    const asked = sample
    if (!asked) return
    sample = undefined
    then(
      async () => {
        await queue.answer({ photo: asked.photo.hash, label, by })
        answered.add(asked.photo.hash)
        await advance(`You: ${label}. ${saidBy(asked)}`)
      },
      () => putBack(asked)
    )
  }

  function skip(): void {
    const asked = sample
    // Where there is nothing to skip, somebody wants to know whether there is by now.
    if (!asked && pending > 0) return
    if (asked) skipped.add(asked.photo.hash)
    sample = undefined
    then(
      () => advance(),
      () => putBack(asked)
    )
  }

  /** Another attempt may succeed; an answer that was recorded already is replaced by it. */
  function putBack(asked: SampleRecord | undefined): void {
    if (asked) skipped.delete(asked.photo.hash)
    sample = asked
  }

  function write(key: string): void {
    if (key === 'escape') typed = undefined
    else if (key === 'backspace') typed = typed!.slice(0, -1)
    else if (key === 'return') {
      const label = typed!.trim()
      if (label && label !== unheard && !labels.includes(label)) {
        unheard = label
        message = `No photo has been labelled "${label}" so far: enter once more if you mean it.`
        return
      }
      typed = undefined
      if (label) answer(label)
    } else if ([...key].length === 1) typed += key
  }

  then(() => advance())
  return {
    view: () => ({ sample, ...shown, waiting, labels, typed, answered: answered.size, message }),
    key(key) {
      if (typed !== undefined) write(key)
      else if (key === 'escape' || key === 'q') return 'leave'
      else if (key === 'n') skip()
      else if (key === 'w' && sample) {
        typed = ''
        unheard = undefined
      } else if (/^[1-9]$/.test(key) && labels[Number(key) - 1]) answer(labels[Number(key) - 1]!)
      onChange()
      return undefined
    },
    async close() {
      closed = true
      await work
      if (folder) await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Afterwards, people like to know. */
function saidBy({ prediction }: SampleRecord): string {
  if (!prediction) return ''
  const { model, labels, confidence } = prediction
  return `Version ${model.version}: ${labels[0]!.label}, ${Math.round(confidence * 100)} % sure.`
}
