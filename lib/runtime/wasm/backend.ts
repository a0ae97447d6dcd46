/**
 * Readies tfjs' WebAssembly backend in Node.
 * @module
 */
import { createRequire } from 'node:module'
import { dirname, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import * as tf from '@tensorflow/tfjs-core'
import { EdgeloopError } from '../../errors/index.ts'

/** A bundle has the WebAssembly files beside itself. */
function wasmDirectory(): string {
  if (!import.meta.url.endsWith('.ts')) return dirname(fileURLToPath(import.meta.url))
  return dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'))
}

/** @throws UNAVAILABLE when this machine cannot run it */
export async function useWasm(): Promise<void> {
  setWasmPaths(wasmDirectory() + sep)
  if (!(await tf.setBackend('wasm'))) {
    throw new EdgeloopError('UNAVAILABLE', 'the WebAssembly backend of tfjs did not start')
  }
  await tf.ready()
}
