import { z } from 'zod'
import { eventData } from '../events/index.ts'

/** Which versions of a model are wanted. The words are TensorFlow Serving's, channels being its labels. */
export type VersionPolicy =
  | { kind: 'channels'; channels: readonly string[] }
  /** So many versions, the newest ones. */
  | { kind: 'latest'; count: number }
  | { kind: 'specific'; versions: readonly number[] }

export interface ModelSelection {
  model: string
  policy: VersionPolicy
}

const FORMS = 'write NAME@CHANNEL, NAME@CHANNEL+CHANNEL, NAME@latest:N or NAME@specific:VERSION+VERSION'

const wholeNumber = z.stringFormat('a whole number above 0', /^[1-9]\d{0,14}$/).transform(Number)

/**
 * Reads the setting `MODELS`: models separated by blanks, each with the versions that are wanted of it; a model that
 * stands alone follows the channel `stable`. The first model is the one that serves where a caller names none.
 *
 * @example 'photos@stable+canary wildlife@latest:2 birds@specific:3+5 cars'
 */
export const modelSelections = z
  .string()
  .transform((text, context): ModelSelection[] => {
    const selections = text
      .split(/\s+/)
      .filter(Boolean)
      .map((entry) => readSelection(entry))
    const broken = selections.find((one) => typeof one === 'string')
    if (typeof broken === 'string') {
      context.addIssue({ code: 'custom', message: `${JSON.stringify(broken)} names no model: ${FORMS}` })
      return z.NEVER
    }
    return selections as ModelSelection[]
  })
  .refine((selections) => selections.length > 0, `names no model: ${FORMS}`)
  .refine(
    (selections) => new Set(selections.map(({ model }) => model)).size === selections.length,
    'names a model twice: put its channels together, NAME@CHANNEL+CHANNEL'
  )

/** What says which models a node has; the agent that fetches them and the functions that serve them read the same. */
export const modelSettings = {
  MODEL_NAME: eventData.name.default('photos'),
  MODEL_CHANNEL: eventData.name.default('stable'),
  /** Several models, or several versions of one; takes the place of the two above. */
  MODELS: modelSelections.optional(),
}

/** The models of such settings, the first one being the one that answers whoever names none. */
export function selectionsOf(settings: {
  MODEL_NAME: string
  MODEL_CHANNEL: string
  MODELS?: ModelSelection[]
}): ModelSelection[] {
  const { MODELS, MODEL_NAME: model, MODEL_CHANNEL: channel } = settings
  return MODELS ?? [{ model, policy: { kind: 'channels', channels: [channel] } }]
}

/** @returns the entry itself where it cannot be read */
function readSelection(entry: string): ModelSelection | string {
  const [name, wanted, ...more] = entry.split('@')
  const model = eventData.name.safeParse(name)
  const policy = readPolicy(wanted ?? 'stable')
  if (more.length > 0 || !model.success || !policy) return entry
  return { model: model.data, policy }
}

function readPolicy(text: string): VersionPolicy | undefined {
  const [kind, argument] = text.includes(':') ? text.split(/:(.*)/s) : ['channels', text]
  const parts = argument!.split('+')
  if (kind === 'latest') {
    const count = wholeNumber.safeParse(argument)
    return count.success ? { kind, count: count.data } : undefined
  }
  if (kind === 'specific') {
    const versions = z.array(wholeNumber).safeParse(parts)
    return versions.success ? { kind, versions: versions.data } : undefined
  }
  const channels = kind === 'channels' ? z.array(eventData.name).safeParse(parts) : undefined
  return channels?.success ? { kind: 'channels', channels: channels.data } : undefined
}
