export { startCloud } from './cloud.ts'
export { type Storage, startStorage } from './storage.ts'
