// Loads the worker's TypeScript. In Node 20 a worker does not inherit its parent's loader (nor does `--import tsx` as
// an argument of the worker register one), so this file, which needs none, registers it in the worker itself.
import { register } from 'tsx/esm/api'

register()
await import('./runtime.worker.ts')
