import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { asEdgeloopError } from '../errors/index.ts'

/** What a function's environment looks like to its handler: `c.env`. */
export type Environment = Readonly<Record<string, string | undefined>>

export type FunctionApp = Hono<{ Bindings: Environment }>

/** A function's `handler.ts`, as whoever runs it sees it. */
export interface FunctionModule {
  default: FunctionApp
  /** Prepares what the first request would otherwise wait for. */
  start?(environment: Environment): Promise<void>
  /** Lets go of what `start` or requests have opened. */
  stop?(environment: Environment): Promise<void>
}

/**
 * The Hono app that every function starts from: errors leave as JSON that says what was wrong, where, and what to do.
 *
 * @example
 * const app = createFunctionApp()
 * app.post('/', async (c) => c.json(await answer(c.req.raw, c.env)))
 * export default app
 */
export function createFunctionApp(): FunctionApp {
  const app: FunctionApp = new Hono()
  app.onError((thrown, c) => {
    if (thrown instanceof HTTPException) return thrown.getResponse()
    const error = asEdgeloopError(thrown)
    // Being out of reach or not ready yet is an ordinary state, which whoever asked hears about.
    if (error.code === 'INTERNAL') console.error(error)
    else if (error.status === 500) console.error(JSON.stringify(error))
    if (error.status === 429 || error.status === 503) c.header('Retry-After', '1')
    return c.json(error.toJSON(), error.status)
  })
  app.notFound((c) =>
    c.json(
      {
        error: `${c.req.method} ${c.req.path} is not here`,
        code: 'NOT_FOUND',
        hint: 'see the docs page of this function',
      },
      404
    )
  )
  return app
}
