// `npm start`: installs what is missing, then runs `edgeloop start` with the given options in this process, so that
// signals reach it as they are.
import { ensureDependencies } from './ensure-dependencies.mjs'

ensureDependencies()
process.argv.splice(2, 0, 'start')
const { register } = await import('tsx/esm/api')
register()
await import('../cli/main.ts')
