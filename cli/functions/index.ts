/**
 * Commands for the functions of a stack.yml, one a file: through faas-cli where there is one, and without it where there is none.
 * @module
 */
export { buildCommand, pushCommand } from './build.ts'
export { deployCommand } from './deploy.ts'
export { invokeCommand } from './invoke.ts'
export { loginCommand } from './login.ts'
export { logsCommand } from './logs.ts'
export type { FunctionOptions } from './options.ts'
export { removeCommand } from './remove.ts'
export { functionStatus, functionStatusText, requireDeployed } from './status.ts'
