import { z } from '@hono/zod-openapi'
import { EdgeloopError } from '../../lib/errors/index.ts'
import type { Entry } from '../../lib/spool/index.ts'
import type { CallQueue } from '../async/index.ts'
import { checked } from './input.ts'
import { route, type SystemApp } from './route.ts'

const KINDS = ['call', 'callback'] as const
const kind = z
  .enum(KINDS)
  .openapi({ description: 'A call that its function refused, or an answer that nobody took.' })

const state = z
  .object({
    bytes: z.number().int().openapi({ description: 'What all bodies take on disk.' }),
    volumeBytes: z.number().int().openapi({ description: 'What they may take; more is refused with 429.' }),
    functions: z.array(
      z.object({
        function: z.string().openapi({ description: 'NAME.NAMESPACE' }),
        queued: z
          .number()
          .int()
          .openapi({ description: 'Calls that are not over, those under way included.' }),
        inFlight: z.number().int(),
        callbacks: z.number().int().openapi({ description: 'Answers that are on their way.' }),
        deadLetters: z.number().int(),
      })
    ),
  })
  .openapi('AsyncState')

const deadLetter = z
  .object({
    kind,
    function: z.string().openapi({ description: 'NAME.NAMESPACE' }),
    sequence: z.number().int().openapi({ description: 'With kind and function, which one it is.' }),
    callId: z.string(),
    bytes: z.number().int().openapi({ description: 'Of its body.' }),
    attempts: z.number().int(),
    at: z.iso.datetime(),
    why: z.string(),
  })
  .openapi('AsyncDeadLetter')

const PAGE = 100
const query = z.object({
  kind: kind.default('call'),
  function: z.string().min(1).openapi({ description: 'NAME.NAMESPACE' }),
  after: z.coerce
    .number()
    .int()
    .min(0)
    .optional()
    .openapi({ description: 'The sequence of the last one seen.' }),
})
const params = z.object({ kind, function: z.string().min(1), sequence: z.coerce.number().int().min(0) })

/** What is queued, and what came to nothing: to be looked at, sent again or forgotten. */
export function asyncRoutes(app: SystemApp, { calls, callbacks, bodies, room }: CallQueue): void {
  const spoolOf = (of: (typeof KINDS)[number]) => (of === 'call' ? calls : callbacks)

  route(
    app,
    {
      method: 'get',
      path: '/system/async',
      summary: 'What asynchronous calls wait',
      answers: { 200: { description: 'By function.', body: state } },
    },
    (c) =>
      c.json({
        bytes: bodies.bytes(),
        volumeBytes: room.all,
        functions: calls.queues().map((queue) => {
          const { queued, inFlight, dead } = calls.depth(queue)
          const answers = callbacks.depth(queue)
          return {
            function: queue,
            queued,
            inFlight,
            callbacks: answers.queued,
            deadLetters: dead + answers.dead,
          }
        }),
      })
  )

  route(
    app,
    {
      method: 'get',
      path: '/system/async/dead-letters',
      summary: 'Asynchronous calls of a function that came to nothing',
      query,
      answers: { 200: { description: `The oldest first, ${PAGE} at a time.`, body: z.array(deadLetter) } },
    },
    (c) => {
      const { kind, function: queue, after } = checked(query, c.req.query(), 'query')
      const last = after === undefined ? undefined : `${queue}/${after}`
      const letters = spoolOf(kind).deadLetters.list({ queue, limit: PAGE, after: last })
      return c.json(letters.map((letter) => described(kind, letter)))
    }
  )

  route(
    app,
    {
      method: 'post',
      path: '/system/async/dead-letters/{kind}/{function}/{sequence}/replay',
      summary: 'Tries one again, from the beginning',
      params,
      answers: { 202: { description: 'It waits for its turn.' } },
    },
    async (c) => {
      const { kind, id } = named(c.req.param())
      if (!(await spoolOf(kind).deadLetters.replay(id))) throw unknown(id)
      return c.body(null, 202)
    }
  )

  route(
    app,
    {
      method: 'delete',
      path: '/system/async/dead-letters/{kind}/{function}/{sequence}',
      summary: 'Forgets one',
      params,
      answers: { 202: { description: 'It is gone.' } },
    },
    async (c) => {
      const { kind, id } = named(c.req.param())
      const { deadLetters } = spoolOf(kind)
      const letter = deadLetters.show(id)
      if (!letter || !(await deadLetters.discard(id))) throw unknown(id)
      await bodies.remove(letter.payload.body)
      return c.body(null, 202)
    }
  )
}

function described(kind: (typeof KINDS)[number], entry: Entry<Parameters<typeof bytesOf>[0]>) {
  return {
    kind,
    function: entry.queue,
    sequence: entry.sequence,
    callId: entry.payload.callId,
    bytes: bytesOf(entry.payload),
    attempts: entry.attempts,
    at: new Date(entry.enqueuedAt).toISOString(),
    why: entry.lastError ?? '',
  }
}

const bytesOf = ({ body }: { body: { size: number } | null; callId: string }) => body?.size ?? 0

function named(path: Record<string, string>) {
  const { kind, function: queue, sequence } = checked(params, path, 'path')
  return { kind, id: `${queue}/${sequence}` }
}

const unknown = (id: string) =>
  new EdgeloopError('NOT_FOUND', `there is no dead letter ${id}`, {
    where: id,
    hint: 'list them: GET /system/async/dead-letters?function=NAME.NAMESPACE',
  })
