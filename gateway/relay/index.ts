/**
 * The cloud's half of the relay: asks edges over the connections that their agents keep open.
 * @module
 */
export { announcing } from './announcing.ts'
export { edgeLog, LOGS_PATH, logQuery } from './edge-logs.ts'
export { OutOfReach } from './out-of-reach.ts'
export { createRelayDoor, type RelayDoorOptions } from './relay-door.ts'
export { createRelays, type Relays, type RelaysOptions } from './relays.ts'
