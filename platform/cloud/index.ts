export { type Cloud, startCloud } from './cloud.ts'
