/**
 * The line between an edge's agent and the cloud's gateway, as both ends see it: the agent asks for
 * `GET /system/places/EDGE/relay` with `Upgrade: edgeloop-relay`, and from the answer 101 on the gateway speaks HTTP/2
 * as the client on that connection. So the gateway can ask an edge that nobody can connect to.
 * @module
 */
export { bodyOf, breakOff, headersOf, requestHead, responseHead, sendBody } from './messages.ts'
export { FUNCTIONS_HINT, RELAY_PROTOCOL, relayPath } from './protocol.ts'
export { SETTINGS, widen } from './settings.ts'
export { type Watch, watchLine } from './watch.ts'
