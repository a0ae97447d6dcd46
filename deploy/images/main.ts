/**
 * Bundles Edgeloop's own processes for their container image: `node --import tsx deploy/images/main.ts DIRECTORY`.
 * @module
 */

import { bundle } from './index.ts'
import { PROCESSES } from './processes.ts'

const [directory] = process.argv.slice(2)
if (!directory) {
  console.error('usage: node --import tsx deploy/images/main.ts DIRECTORY')
  process.exit(2)
}
await bundle({ processes: PROCESSES, directory, backbone: true })
