import type { Platform } from '../../platform/index.ts'
import { applyStatus, type LiveModel } from './model.ts'

/** How often the edges are asked, in milliseconds. */
const POLL_MS = 500

/** Keeps the model up to date with the edges and the cloud's processes. Returns how to stop that. */
export function followPlatform(
  model: LiveModel,
  { edges, services }: Pick<Platform, 'edges' | 'services'>,
  onChange: () => void
): () => void {
  let looking = false

  async function look(): Promise<void> {
    // A slow edge is asked again only when it has answered.
    if (looking) return
    looking = true
    await Promise.all(
      edges.map(async (edge) => {
        const heartbeat = edge.running ? await edge.status().catch(() => undefined) : undefined
        applyStatus(model, edge, heartbeat, Date.now())
      })
    )
    looking = false
    onChange()
  }

  function tick(): void {
    for (const edge of edges) {
      const known = model.edges.find(({ name }) => name === edge.name)
      applyStatus(model, edge, known?.heartbeat, Date.now())
    }
    model.services = [services.gateway, services.trainer].map(({ name, running }) => ({ name, running }))
    onChange()
    look().catch(() => {})
  }

  tick()
  const timer = setInterval(tick, POLL_MS)
  return () => clearInterval(timer)
}
