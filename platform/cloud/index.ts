export { BUCKET, type Cloud, startCloud } from './cloud.ts'
