import path from 'node:path'
import { z } from 'zod'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { eventData } from '../../lib/events/index.ts'
import { edgeNames } from '../../platform/index.ts'
import { checkPlan, parseCut, parseKill } from '../../platform/rounds/index.ts'
import { backbonesFolder, findBackbone } from '../backbones/index.ts'

const whole = z.coerce.number().int().nonnegative()
const positive = z.coerce.number().int().positive()

const schema = z.object({
  backbone: z.string().min(1).optional(),
  photos: z.string().optional(),
  seed: whole,
  seedLabels: positive,
  golden: positive,
  test: positive,
  rounds: whole.optional(),
  perRound: positive,
  labelsPerRound: whole,
  cut: z
    .array(z.string())
    .default([])
    .transform((cuts) => cuts.map(parseCut)),
  kill: z
    .array(z.string())
    .default([])
    .transform((kills) => kills.map(parseKill)),
  edges: positive.max(20),
  devices: positive.max(20),
  uplink: eventData.uplink,
  state: z.string().optional(),
  fresh: z.boolean().default(false),
  port: whole.max(65_000).optional(),
  host: z.string(),
  json: z.boolean().default(false),
  plain: z.boolean().default(false),
})

export type StartOptions = z.infer<typeof schema> & {
  /** Where the state is kept; a run of so many rounds is an experiment, and starts from nothing unless told where. */
  state: string
  /** The folder of the backbone that was asked for. */
  backboneDir?: string
}

/**
 * Checks what was given on the command line; paths are meant from where the user stands.
 * @throws EdgeloopError INVALID_INPUT naming the option, and as `findBackbone` does
 */
export async function readStartOptions(given: unknown, cwd: string): Promise<StartOptions> {
  const parsed = schema.safeParse(given)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!
    const option = `--${String(issue.path[0]).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
    throw new EdgeloopError('INVALID_INPUT', `${option}: ${issue.message}`, {
      where: option,
      hint: 'see npm start -- --help',
    })
  }
  const options = parsed.data
  const { cut: cuts, kill: kills, edges, rounds } = options
  checkPlan({ cuts, kills }, edgeNames(edges), rounds)
  const experiment = options.rounds !== undefined && options.state === undefined
  return {
    ...options,
    photos: options.photos && path.resolve(cwd, options.photos),
    backboneDir:
      options.backbone && (await findBackbone(options.backbone, backbonesFolder(process.env), cwd)),
    state: path.resolve(cwd, options.state ?? (experiment ? '.edgeloop/experiment' : '.edgeloop/state')),
    fresh: options.fresh || experiment,
  }
}
