import { HTTPException } from 'hono/http-exception'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { EdgeloopError, type ErrorCode } from '../errors/index.ts'
import { createFunctionApp, perEnvironment, readSettings } from './index.ts'

describe("a function's errors", () => {
  const logged: unknown[] = []
  beforeEach(() => {
    logged.length = 0
    vi.spyOn(console, 'error').mockImplementation((line) => void logged.push(line))
  })
  afterEach(() => {
    vi.restoreAllMocks()
  })

  async function answerTo(thrown: unknown): Promise<Response> {
    const app = createFunctionApp()
    app.post('/', () => {
      throw thrown
    })
    return app.request('/', { method: 'POST' })
  }

  it('leave as JSON with what was wrong, where, and what to do', async () => {
    const response = await answerTo(
      new EdgeloopError('UNPROCESSABLE', 'broken', { where: 'body', hint: 'mend it' })
    )
    expect(response.status).toBe(422)
    expect(await response.json()).toEqual({
      error: 'broken',
      code: 'UNPROCESSABLE',
      where: 'body',
      hint: 'mend it',
    })
    expect(logged).toEqual([])
  })

  it.each([
    ['UNAVAILABLE', 503, '1'],
    ['OVERLOADED', 429, '1'],
    ['CONFLICT', 409, null],
    ['MISCONFIGURED', 500, null],
  ] as [ErrorCode, number, string | null][])(
    '%s is %i, to be tried again after %s s',
    async (...expected) => {
      const [code, status, after] = expected
      const response = await answerTo(new EdgeloopError(code, 'not now'))
      expect([response.status, response.headers.get('retry-after')]).toEqual([status, after])
    }
  )

  it('that nobody foresaw are logged, and are no fault of the sender', async () => {
    const bug = new TypeError('x is not a function')
    const response = await answerTo(bug)
    expect(response.status).toBe(500)
    expect(await response.json()).toEqual({ error: 'x is not a function', code: 'INTERNAL' })
    expect(logged).toEqual([expect.objectContaining({ code: 'INTERNAL', cause: bug })])
  })

  it('that a Hono middleware throws keep their answer', async () => {
    expect((await answerTo(new HTTPException(418, { message: 'teapot' }))).status).toBe(418)
  })

  it('name what is not here', async () => {
    const response = await createFunctionApp().request('/elsewhere')
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ error: 'GET /elsewhere is not here', code: 'NOT_FOUND' })
  })
})

describe('settings', () => {
  const schema = z.object({
    NAME: z.string().default('photos'),
    COUNT: z.coerce.number().int().positive().default(40),
    SECONDS: z.coerce.number().nonnegative().default(60),
  })

  it('come from the environment, empty ones as if they were absent', () => {
    expect(readSettings(schema, { NAME: '', SECONDS: '', COUNT: '7' })).toEqual({
      NAME: 'photos',
      COUNT: 7,
      SECONDS: 60,
    })
  })

  it('say which variable is wrong', () => {
    expect(() => readSettings(schema, { COUNT: 'many' })).toThrow(
      expect.objectContaining({ code: 'MISCONFIGURED', where: 'COUNT' })
    )
  })
})

describe('what belongs to an environment', () => {
  it('is made once, and again after it was taken out', () => {
    let made = 0
    const resources = perEnvironment(() => ({ number: ++made }))
    const [one, other] = [{}, {}]
    expect([resources(one).number, resources(one).number, resources(other).number]).toEqual([1, 1, 2])
    expect(resources.release(one)).toEqual({ number: 1 })
    expect(resources.release(one)).toBeUndefined()
    expect(resources(one).number).toBe(3)
  })

  it('is tried again after it could not be made', () => {
    let broken = true
    const resources = perEnvironment(() => {
      if (broken) throw new EdgeloopError('MISCONFIGURED', 'no secret yet')
      return 'made'
    })
    const environment = {}
    expect(() => resources(environment)).toThrow('no secret yet')
    broken = false
    expect(resources(environment)).toBe('made')
  })
})
