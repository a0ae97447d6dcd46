/**
 * What an edge says of itself to whoever watches it: its heartbeat, and the list of its dead letters.
 * @module
 */
export { type DeadLetter, deadLetterPage } from './dead-letter.ts'
export {
  type AgentIdentity,
  type AlarmReport,
  type DiskStatus,
  type FunctionHealth,
  type Heartbeat,
  heartbeat,
  type LinkState,
  type Totals,
} from './heartbeat.ts'
