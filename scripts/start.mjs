// `npm start`: installs what is missing, then `edgeloop start` with the given options.
import path from 'node:path'
import { ensureDependencies, runNode } from './ensure-dependencies.mjs'

ensureDependencies()
// npm runs scripts in the package's folder; paths are meant from where the user stands.
const from = process.env.INIT_CWD ?? process.cwd()
process.env.EDGELOOP_CWD = path.resolve(from)
runNode(['--import', 'tsx', 'cli/main.ts', 'start', ...process.argv.slice(2)])
