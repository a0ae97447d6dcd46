/**
 * The thread that computes: it holds the backbone, because computing blocks.
 * @module
 */
import { once } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'
import { openBackbone } from '../backbone/index.ts'
import { EdgeloopError } from '../errors/index.ts'
import { type Backend, startBackend } from './backend.ts'
import type { Network } from './network.ts'
import { type Reply, type Request, toFailure, type WorkerData, type WorkerSetup } from './protocol.ts'

const port = parentPort!
const send = (reply: Reply, transfer: ArrayBuffer[] = []) => port.postMessage(reply, transfer)

try {
  const backend = await startBackend((workerData as WorkerData).runtime)
  const [setup] = (await once(port, 'message')) as [WorkerSetup]
  const network = await start(backend, setup)
  port.on('message', (request: Request) => answer(network, request))
  send({ type: 'ready', runtime: backend.name })
} catch (error) {
  send({ type: 'failure', id: null, failure: toFailure(error) })
}

async function start(backend: Backend, { backboneDir, backboneHash }: WorkerSetup): Promise<Network> {
  const backbone = await openBackbone(backboneDir)
  if (backbone.manifest.hash !== backboneHash) {
    throw new EdgeloopError('CORRUPT', 'the folder holds another backbone than before', {
      where: backboneDir,
    })
  }
  const network = await backend.createNetwork(backbone)
  // The first run allocates and compiles: nobody should wait for that with a photo in hand.
  network.features(new Uint8Array(backbone.manifest.inputSize ** 2 * 3), 1)
  return network
}

function answer(network: Network, { id, pixels, batch }: Request): void {
  try {
    const features = network.features(pixels, batch)
    send({ type: 'answer', id, features }, [features.buffer])
  } catch (error) {
    send({ type: 'failure', id, failure: toFailure(error) })
  }
}
