import { asEdgeloopError } from '../../lib/errors/index.ts'
import type { Platform } from '../../platform/index.ts'
import type { RunEvent } from '../../platform/rounds/index.ts'
import { type LiveModel, note, selection } from './model.ts'

/** What the keys of the live view do to the platform. */
export interface Controls {
  key(key: string): void
}

/** @param onEvent told what was done, as the run itself tells it */
export function createControls(
  model: LiveModel,
  platform: Pick<Platform, 'edges' | 'services'>,
  onEvent: (event: RunEvent) => void
): Controls {
  const services = [...platform.edges, platform.services.gateway, platform.services.trainer]
  /** What is being killed or started at this moment. */
  const busy = new Set<string>()

  /** One thing at a time for each: a second start would find the ports taken. */
  function once(name: string, work: () => Promise<RunEvent>): void {
    if (busy.has(name)) return
    busy.add(name)
    work()
      .then(onEvent, (error: unknown) => note(model, `${name}: ${asEdgeloopError(error).message}`))
      .finally(() => busy.delete(name))
  }

  function plug(name: string): void {
    const edge = platform.edges.find((candidate) => candidate.name === name)
    if (!edge) return
    if (edge.online) edge.cut()
    else edge.heal()
    onEvent({ event: edge.online ? 'healed' : 'cut', edge: name })
  }

  function select(index: number): void {
    const last = services.length - 1
    model.selected = Math.min(last, Math.max(0, index))
  }

  return {
    key(key) {
      const chosen = selection(model)
      const service = services.find(({ name }) => name === chosen?.name)
      const { length } = platform.edges
      if (key === 'up' || key === 'left') select(model.selected - 1)
      else if (key === 'down' || key === 'right' || key === 'tab') select(model.selected + 1)
      else if (/^[1-9]$/.test(key) && Number(key) <= length) select(Number(key) - 1)
      else if (key === 'g') select(length)
      else if (key === 't') select(length + 1)
      else if (!service) return
      else if (key === 'c') plug(service.name)
      else if (key === 'k' && service.running)
        once(service.name, async () => {
          note(model, `${service.name} gets SIGKILL`)
          await service.kill()
          return { event: 'killed', target: service.name, planned: false }
        })
      else if (key === 'r' && !service.running)
        once(service.name, async () => {
          note(model, `${service.name} starts …`)
          await service.restart()
          return { event: 'restarted', target: service.name }
        })
    },
  }
}
