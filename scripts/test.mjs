// `npm test`: installs what is missing, then runs every test.
import { ensureDependencies, runNode } from './ensure-dependencies.mjs'

ensureDependencies()
runNode(['node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2)])
