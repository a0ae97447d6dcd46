/**
 * Bundles a function for its container image: `node --import tsx bundle/main.ts DIRECTORY [PACKAGE,…]`, in the folder that
 * faas-cli has put together. The packages named are copied and not bundled.
 * @module
 */
import { fileURLToPath } from 'node:url'
import { bundle } from './index.ts'

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))
const [directory, external = ''] = process.argv.slice(2)
if (!directory) {
  console.error('usage: node --import tsx bundle/main.ts DIRECTORY [PACKAGE,…]')
  process.exit(2)
}
await bundle({
  processes: { main: here('../main.ts') },
  directory,
  modules: [here('../function/node_modules'), here('../node_modules')],
  external: external.split(',').filter((name) => name !== ''),
})
