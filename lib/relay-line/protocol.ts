/** What the agent asks to upgrade to. */
export const RELAY_PROTOCOL = 'edgeloop-relay'

/** Where an edge's agent asks for its line. */
export const relayPath = (edge: string): string => `/system/places/${edge}/relay`

/** Posted on the line by the gateway: what runs at this edge may have changed. */
export const FUNCTIONS_HINT = '/hints/functions'
