import { EdgeloopError } from '../../lib/errors/index.ts'
import { selectionsOf } from '../../lib/model-selection/index.ts'
import type { Servable, ServableManager } from '../../lib/tf-serving/index.ts'
import { createBackbones } from './backbones.ts'
import type { Metrics } from './metrics.ts'
import { createModelServer, type ModelServer, type ServingModel } from './model-server.ts'
import type { Settings } from './settings.ts'

/** The models that this function serves. */
export interface Models {
  /**
   * @param name the first one where it is undefined
   * @throws EdgeloopError NOT_FOUND
   */
  get(name?: string): ModelServer
  /** The same models for TensorFlow Serving's API. */
  manager(servableOf: (model: ServingModel) => Servable): ServableManager
  close(): Promise<void>
}

export function createModels(settings: Settings, metrics: Metrics): Models {
  const backbones = createBackbones(settings, metrics)
  const selections = selectionsOf(settings)
  const servers = new Map(
    selections.map((one) => [one.model, createModelServer(one, backbones, settings, metrics)])
  )

  return {
    get(name = selections[0]!.model) {
      const server = servers.get(name)
      if (server) return server
      throw new EdgeloopError('NOT_FOUND', `there is no model ${JSON.stringify(name)} here`, {
        where: 'model',
        hint: `models: ${[...servers.keys()].join(', ')}`,
      })
    },
    manager: (servableOf) => ({
      has: (name) => servers.has(name),
      labels: (name) => servers.get(name)!.labels(),
      versions: (name) => servers.get(name)!.versions(),
      async use(name, version, work) {
        const server = servers.get(name)
        if (!server?.isAvailable(version)) return undefined
        return { value: await server.use((model) => work(servableOf(model)), version) }
      },
    }),
    async close() {
      await Promise.all([...servers.values()].map((server) => server.close()))
      await backbones.settled()
    },
  }
}
