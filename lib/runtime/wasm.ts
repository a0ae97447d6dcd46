/**
 * Readies tfjs' WebAssembly backend in Node.
 * @module
 */
import { createRequire } from 'node:module'
import { dirname, sep } from 'node:path'
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import * as tf from '@tensorflow/tfjs-core'
import { EdgeloopError } from '../errors/index.ts'

/** @throws UNAVAILABLE when this machine cannot run it */
export async function useWasm(): Promise<void> {
  const require = createRequire(import.meta.url)
  setWasmPaths(dirname(require.resolve('@tensorflow/tfjs-backend-wasm')) + sep)
  if (!(await tf.setBackend('wasm'))) {
    throw new EdgeloopError('UNAVAILABLE', 'the WebAssembly backend of tfjs did not start')
  }
  await tf.ready()
}
