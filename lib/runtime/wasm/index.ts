/**
 * Backbones in tfjs' WebAssembly, which runs everywhere.
 * @module
 */
import type { Backend } from '../backend.ts'
import { useWasm } from './backend.ts'
import { createNetwork } from './network.ts'

/** @throws UNAVAILABLE when this machine cannot run it */
export async function startWasm(): Promise<Backend> {
  await useWasm()
  return { name: 'wasm', createNetwork: async (backbone) => createNetwork(backbone) }
}
