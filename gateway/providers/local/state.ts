import path from 'node:path'
import { z } from 'zod'
import { deployment } from '../../../lib/stack/index.ts'
import { type KeptJson, keptJson } from './kept-json.ts'

const record = z.object({
  deployment,
  createdAt: z.iso.datetime(),
  /** 0 when somebody has stopped it. */
  replicas: z.union([z.literal(0), z.literal(1)]).default(1),
})
const namespace = z.object({
  name: z.string(),
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
})
/** The functions that are switched off, by edge. */
const switchedOff = z.record(z.string(), z.array(z.string()))

export type DeploymentRecord = z.infer<typeof record>
export type SwitchedOff = z.infer<typeof switchedOff>

/** What the local provider finds again after a restart. */
export function localState(directory: string): {
  functions: KeptJson<DeploymentRecord[]>
  namespaces: KeptJson<z.infer<typeof namespace>[]>
  switchedOff: KeptJson<SwitchedOff>
} {
  const at = (name: string) => path.join(directory, name)
  return {
    functions: keptJson(at('functions.json'), z.array(record), [], 'the list of deployed functions'),
    namespaces: keptJson(at('namespaces.json'), z.array(namespace), [], 'the list of namespaces'),
    switchedOff: keptJson(at('switched-off.json'), switchedOff, {}, 'the list of what is switched off'),
  }
}
