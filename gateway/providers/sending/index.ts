/**
 * A request and its answer over a connection of our own, with what tells whether it can be sent again.
 * @module
 */
export { createAgent } from './agent.ts'
export { type ReplayableBody, replayable } from './replayable.ts'
export { type Address, Lost, mayRepeat, Refused, send } from './send.ts'
