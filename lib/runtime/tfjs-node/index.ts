/**
 * Backbones in TensorFlow itself, by tfjs-node, where that is installed.
 * @module
 */
import type { Backend } from '../backend.ts'
import { loadTfjsNode } from './load.ts'
import { createNetwork } from './network.ts'

/** @throws whatever keeps it from loading, such as that it is not installed */
export async function startTfjsNode(): Promise<Backend> {
  const tf = await loadTfjsNode()
  return { name: 'tfjs-node', createNetwork: (backbone) => createNetwork(backbone, tf) }
}
