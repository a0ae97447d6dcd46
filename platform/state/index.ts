export { announceRunning, findRunning, type RunningPlatform } from './running.ts'
export { openCredentials, openStateDirectory, type StateDirectory } from './state-directory.ts'
export { watchDisk } from './watch-disk.ts'
