/**
 * For tests: an edge that sends back what it gets, in a process of its own.
 * @module
 */
import { createRelay } from './index.ts'

const [gateway, token] = process.argv.slice(2)
createRelay({
  edge: 'edge-1',
  gateway: gateway!,
  token,
  fetch: (request) => new Response(request.body),
  backoff: { initialMs: 10, maxMs: 50 },
  watch: { everyMs: 100, looks: 5 },
})
