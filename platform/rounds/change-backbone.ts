import { modelRegistry } from '../../lib/registry/index.ts'
import type { Platform } from '../platform.ts'
import { learn } from './learn.ts'
import type { RunEvent } from './report.ts'

/**
 * Where the newest version stands on another backbone than training does now, trains one on this backbone at once, of
 * what there is, and waits for its verdict: it is judged like any other. Samples whose photos never left their edge are
 * not in it.
 */
export async function changeBackbone(
  platform: Platform,
  onEvent: (event: RunEvent) => void,
  signal: AbortSignal
): Promise<void> {
  const { store, model, backbones } = platform
  const { name, hash } = backbones.trained.manifest
  const registry = modelRegistry(store, model)
  const newest = (await registry.versions()).at(-1)
  if (newest === undefined) return
  const { backbone } = (await registry.manifest(newest)).manifest
  if (backbone.hash === hash) return
  const to = backbone.name === name ? `another ${name} (${hash.slice(0, 12)})` : name
  onEvent({
    event: 'remark',
    text: `version ${newest} stands on ${backbone.name}: one that stands on ${to} is trained now, of the samples whose photos are in the bucket`,
  })
  const { failed, verdict } = await learn(platform, signal, 'person')
  if (failed !== undefined) onEvent({ event: 'training-failed', why: failed })
  else if (verdict && verdict.judgement.verdict !== 'promote')
    onEvent({
      event: 'remark',
      text: `version ${verdict.version}, on ${to}, does not serve: edgeloop models promote ${verdict.version} lets it all the same`,
    })
}
