/**
 * Resolves when everything that had come over the network before the call has been heard: the end of a connection, say.
 * Two turns of the event loop, because what it is at now was fetched from the system a while ago.
 */
export function heard(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
}
