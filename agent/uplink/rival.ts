import { z } from 'zod'
import { type AgentIdentity, heartbeat } from '../../lib/edge-status/index.ts'

/** Another agent by the name of this edge; undefined fields where it is too old to say who it is. */
export type Rival = Partial<AgentIdentity>

/** `edges/EDGE/standby`: an agent that goes by this edge's name, too, and leaves the line to the one that has it. */
export const standby = z.object({
  instance: z.string(),
  run: z.string(),
  /** When it looks again, and says so again, in milliseconds. */
  againInMs: z.number().positive(),
})

export const heartbeatTopic = (edge: string) => `edges/${edge}/heartbeat`
export const standbyTopic = (edge: string) => `edges/${edge}/standby`

const speaker = z.object({ agent: heartbeat.shape.agent })

/** Who says this heartbeat. */
export function speakerOf(payload: Uint8Array): Rival {
  try {
    return speaker.parse(JSON.parse(new TextDecoder().decode(payload))).agent ?? {}
  } catch {
    return {}
  }
}

/** An agent's installation, as people can compare it with what its heartbeat says. */
export const rivalText = ({ instance }: Rival) =>
  instance === undefined ? 'of an unknown installation' : `of the installation ${instance.slice(0, 8)}`
