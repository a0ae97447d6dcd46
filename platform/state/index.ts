export { openStateDirectory, type StateDirectory } from './state-directory.ts'
