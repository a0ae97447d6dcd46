/**
 * What backbones run on, chosen by what is installed.
 * @module
 */
import type { Backbone } from '../backbone/index.ts'
import { asEdgeloopError, EdgeloopError } from '../errors/index.ts'
import type { Network } from './network.ts'
import type { RuntimeChoice, RuntimeName } from './runtime.ts'

export interface Backend {
  name: RuntimeName
  /** @throws INVALID_INPUT when the manifest's topology is not one that this program knows */
  createNetwork(backbone: Backbone): Promise<Network>
}

/**
 * Starts what was chosen in this thread.
 * @throws MISCONFIGURED when tfjs-node was asked for and is not there, UNAVAILABLE when nothing starts
 */
export async function startBackend(choice: RuntimeChoice): Promise<Backend> {
  if (choice !== 'wasm') {
    const { startTfjsNode } = await import('./tfjs-node/index.ts')
    try {
      return await startTfjsNode()
    } catch (cause) {
      const reason = asEdgeloopError(cause).message.split('\n', 1)[0]
      if (choice === 'tfjs-node') {
        throw new EdgeloopError('MISCONFIGURED', `tfjs-node does not start: ${reason}`, {
          where: 'RUNTIME',
          hint: 'Install it with npm install @tensorflow/tfjs-node, or choose wasm or auto.',
          cause,
        })
      }
      // Its absence is nothing to speak of: it is optional.
      if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND')
        console.warn(`tfjs-node is installed but does not start, wasm takes its place: ${reason}`)
    }
  }
  const { startWasm } = await import('./wasm/index.ts')
  return startWasm()
}
