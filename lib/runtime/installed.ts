import { createRequire } from 'node:module'
import type { RuntimeName } from './runtime.ts'

/** Whether a runtime is there; tfjs-node is optional. */
export function isInstalled(runtime: RuntimeName): boolean {
  if (runtime === 'wasm') return true
  try {
    createRequire(import.meta.url).resolve('@tensorflow/tfjs-node')
    return true
  } catch {
    return false
  }
}
