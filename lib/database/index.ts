export { type Database, openDatabase } from './database.ts'
export { isDiskFull } from './disk-space.ts'
export { syncDirectory } from './files.ts'
export type { Found, Key, KeyRange, Table } from './table.ts'
