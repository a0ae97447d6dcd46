import { createRequire } from 'node:module'
import type { RuntimeName } from './runtime.ts'

/** tfjs-node is optional: tests of it run where it was installed. */
export function isInstalled(runtime: RuntimeName): boolean {
  if (runtime === 'wasm') return true
  try {
    createRequire(import.meta.url).resolve('@tensorflow/tfjs-node')
    return true
  } catch {
    return false
  }
}
