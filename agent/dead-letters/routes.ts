import { Hono } from 'hono'
import { z } from 'zod'
import { asEdgeloopError, EdgeloopError } from '../../lib/errors/index.ts'
import type { Entry, Spool } from '../../lib/spool/index.ts'
import { type Delivery, isEvent, type MqttMessage } from '../connector/index.ts'
import { describeLetter, photoOf } from './letter.ts'

/** Dead letters a page. */
const PAGE = 100

const pageQuery = z.object({
  function: z.string().optional(),
  limit: z.coerce.number().int().positive().max(1000).default(PAGE),
  after: z.string().optional(),
})

/**
 * `GET /dead-letters`, `GET /dead-letters/FUNCTION/SEQUENCE`, `POST …/replay`, `DELETE …`. Errors are EdgeloopError
 * JSON: 404 where there is no such dead letter (any more).
 *
 * @param onReplay runs inside the transaction that queues a photo's event again: what was decided about the photo
 *   because of the dead letter does not hold any longer
 */
export function createDeadLetterRoutes(
  spool: Spool<Delivery>,
  onReplay: (photo: string) => unknown = () => {}
): Hono {
  const app = new Hono()
  app.onError((thrown, context) => {
    const error = asEdgeloopError(thrown)
    return context.json(error.toJSON(), error.status)
  })

  app.get('/dead-letters', (context) => {
    const parsed = pageQuery.safeParse(context.req.query())
    if (!parsed.success) {
      const issue = parsed.error.issues[0]!
      throw new EdgeloopError('INVALID_INPUT', issue.message, { where: issue.path.join('.') })
    }
    const { function: queue, limit, after } = parsed.data
    const letters = spool.deadLetters.list({ queue, limit, after })
    const next = letters.length === limit ? letters.at(-1)!.id : null
    return context.json({ deadLetters: letters.map(describeLetter), next })
  })

  app.get('/dead-letters/:function/:sequence', (context) => {
    const letter = existing(context.req.param())
    const { payload } = letter
    const what = isEvent(payload) ? { event: payload } : { message: { ...payload, ...encoded(payload) } }
    return context.json({ ...describeLetter(letter), ...what })
  })

  app.post('/dead-letters/:function/:sequence/replay', async (context) => {
    const { id, payload } = existing(context.req.param())
    const replayed = await spool.database.transaction(() => {
      const found = spool.deadLetters.replaySync(id)
      const photo = photoOf(payload)
      if (found && photo) onReplay(photo)
      return found
    })
    if (!replayed) throw missing(id)
    return context.json({ replayed: id }, 202)
  })

  app.delete('/dead-letters/:function/:sequence', async (context) => {
    const { id } = existing(context.req.param())
    if (!(await spool.deadLetters.discard(id))) throw missing(id)
    return context.json({ discarded: id })
  })

  function existing(param: { function: string; sequence: string }): Entry<Delivery> {
    const id = `${param.function}/${param.sequence}`
    const letter = spool.deadLetters.show(id)
    if (!letter) throw missing(id)
    return letter
  }

  return app
}

/** Bytes as JSON has them. */
function encoded({ body, correlationData }: MqttMessage) {
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
  return { body: base64(body), correlationData: correlationData && base64(correlationData) }
}

function missing(id: string): EdgeloopError {
  return new EdgeloopError('NOT_FOUND', `there is no dead letter ${id}`, {
    where: id,
    hint: 'it may have been replayed or discarded; GET /dead-letters lists those that there are',
  })
}
