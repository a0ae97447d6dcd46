import { labelQueue } from '../../lib/dataset/index.ts'
import { asEdgeloopError } from '../../lib/errors/index.ts'
import type { EdgeloopEvent } from '../../lib/events/index.ts'
import type { LabellingState, Question, Recorded } from '../../lib/labelling/index.ts'
import type { ObjectStore } from '../../lib/s3/index.ts'
import { userName } from '../user.ts'
import { photosFrom } from './photo-source.ts'
import { createShownPhotos, type ShownPhoto } from './shown-photos.ts'

export interface LabellingOptions {
  store: ObjectStore
  dataset: string
  edges: readonly { name: string; gateway: string }[]
  publish(event: EdgeloopEvent): Promise<void>
  /** The most columns and rows for the next photo, and the terminal's bits a colour. */
  picture(): { columns: number; rows: number; depth: number }
  /** There is something new to show. */
  onChange(): void
}

/** What somebody who labels photos sees. The prediction is not there until they have answered: it would lead them. */
export interface LabellingView extends ShownPhoto {
  /** What is asked; undefined while looking for it, and when nothing is. */
  question: Question | undefined
  /** Photos that wait, with the one that is asked about. */
  waiting: number
  /** Answered by digits 1 to 9. */
  labels: readonly string[]
  /** A label that is being written. */
  typed: string | undefined
  /** Photos that were answered here. */
  answered: number
  /** How labelling goes, once that is known. */
  state: LabellingState | undefined
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
  const { store, dataset, edges, onChange } = options
  const queue = labelQueue({
    store,
    dataset,
    photoFrom: photosFrom(edges),
    async publish(event) {
      // The answer is in the bucket by then: nobody waits for a cloud that is out of reach.
      options.publish(event).catch(() => {})
    },
  })
  const by = userName()
  const photos = createShownPhotos()
  let question: Question | undefined
  let shown: ShownPhoto = NOTHING
  let labels: readonly string[] = []
  let typed: string | undefined
  /** A label that no photo has had so far; written once more, it is meant. */
  let unheard: string | undefined
  const answered = new Set<string>()
  let state: LabellingState | undefined
  let message = 'Looking for photos …'
  let work: Promise<void> = Promise.resolve()
  let counting: Promise<void> = Promise.resolve()
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

  /** @param wanted the photo to ask about, of those that this person has */
  async function advance(said = '', wanted?: string): Promise<void> {
    const claimed = await queue.claim(by, { count: wanted === undefined ? 1 : 2 })
    const next = claimed.find(({ photo }) => photo === wanted) ?? claimed[0]
    const found = next ? await show(next.photo) : NOTHING
    const seen = found.file !== undefined || found.picture.length > 0
    const trouble = next ? (seen ? '' : 'The photo is out of reach: n skips it.') : await whyNone()
    // All at once: nobody answers about a photo that is not there yet.
    if (next) labels = next.labels
    question = next
    shown = found
    message = [said, trouble].filter(Boolean).join(' ')
    count()
  }

  async function whyNone(): Promise<string> {
    const { waiting, claimed } = await queue.state()
    if (waiting > 0) return 'Only photos wait that you have skipped or answered.'
    return claimed > 0
      ? 'Others are being asked about the photos that are left.'
      : 'No photo waits for a label.'
  }

  /** It takes a look at everything, for which nobody who answers waits. */
  function count(): void {
    counting = queue.state().then(
      (counted) => {
        state = counted
        onChange()
      },
      () => {}
    )
  }

  async function show(hash: string): Promise<ShownPhoto> {
    const photo = await queue.photo(hash)
    return photo ? photos.show({ hash, ...photo }, options.picture()) : NOTHING
  }

  /**
   * For the photo on the screen, whatever comes next until it is recorded.
   * @param label null: neither of those on offer
   */
  function answer(label: string | null, isNew = false): void {
    const asked = question
    if (!asked) return
    question = undefined
    then(
      async () => {
        await advance(await record(asked.photo, label, isNew))
      },
      () => putBack(asked)
    )
  }

  /** @returns what to say about it */
  async function record(photo: string, label: string | null, isNew: boolean): Promise<string> {
    try {
      const { prediction } = await queue.answer({ photo, label, by, isNew })
      answered.add(photo)
      return `You: ${label ?? 'neither'}. ${saidBy(prediction)}`
    } catch (thrown) {
      const error = asEdgeloopError(thrown)
      // Somebody else has the photo by now, or has answered: there are others to ask about.
      if (error.code === 'CONFLICT') return error.message
      throw error
    }
  }

  function skip(): void {
    const asked = question
    // Where there is nothing to skip, somebody wants to know whether there is by now.
    if (!asked && pending > 0) return
    question = undefined
    then(
      async () => {
        if (asked) await queue.skip(asked.photo, by)
        await advance()
      },
      () => putBack(asked)
    )
  }

  function undo(): void {
    const asked = question
    question = undefined
    then(
      async () => {
        const photo = await queue.undo(by)
        if (photo) answered.delete(photo)
        await advance(
          photo ? 'Your last answer is taken back.' : 'There is no answer of yours to take back.',
          photo
        )
      },
      () => putBack(asked)
    )
  }

  /** Another attempt may succeed; an answer that was recorded already is replaced by it. */
  function putBack(asked: Question | undefined): void {
    question = asked
  }

  function write(key: string): void {
    if (key === 'escape') typed = undefined
    else if (key === 'backspace') typed = typed!.slice(0, -1)
    else if (key === 'return') {
      const label = typed!.trim()
      const isNew = !labels.includes(label)
      if (label && label !== unheard && isNew) {
        unheard = label
        message = `No photo has been labelled "${label}" so far: enter once more if you mean it.`
        return
      }
      typed = undefined
      if (label) answer(label, isNew)
    } else if ([...key].length === 1) typed += key
  }

  then(() => advance())
  return {
    view: () => ({
      ...{ question, ...shown, labels, typed, answered: answered.size, state, message },
      waiting: (state?.waiting ?? 0) + (question ? 1 : 0),
    }),
    key(key) {
      if (typed !== undefined) write(key)
      else if (key === 'escape' || key === 'q') return 'leave'
      else if (key === 'n') skip()
      else if (key === 'u') undo()
      else if (key === 'x' || key === '0') answer(null)
      else if (key === 'w' && question) {
        typed = ''
        unheard = undefined
      } else if (/^[1-9]$/.test(key) && labels[Number(key) - 1]) answer(labels[Number(key) - 1]!)
      onChange()
      return undefined
    },
    async close() {
      closed = true
      await work
      await counting
      await photos.close()
    },
  }
}

const NOTHING: ShownPhoto = { picture: [], file: undefined }

/** Afterwards, people like to know. */
function saidBy(prediction: Recorded['prediction']): string {
  if (!prediction) return ''
  const { model, labels, confidence } = prediction
  return `Version ${model.version}: ${labels[0]!.label}, ${Math.round(confidence * 100)} % sure.`
}
