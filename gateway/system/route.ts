import type { OpenAPIHono, RouteConfig } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { z } from 'zod'
import { refusal } from '../../lib/openapi/index.ts'
import type { GatewayApp } from '../invocations/index.ts'

/** The app with its description, which `/openapi.json` shows. */
export type SystemApp = GatewayApp & Pick<OpenAPIHono, 'openAPIRegistry'>

export interface RouteDescription {
  method: 'get' | 'post' | 'put' | 'delete'
  /** As OpenAPI writes it: `/system/function/{name}`. */
  path: `/${string}`
  summary: string
  params?: z.ZodObject
  query?: z.ZodObject
  body?: z.ZodType
  /** Each status with what it means, and what the body is where there is one. */
  answers: Readonly<Record<number, { description: string; body?: z.ZodType; type?: string }>>
}

/** What any route may answer. */
const REFUSALS: Readonly<Record<number, string>> = {
  400: 'Something in the request is wrong.',
  401: 'Credentials are missing or wrong.',
  404: 'There is no such thing.',
  409: 'It is there already, or somebody else changed it first.',
  413: 'The body is too large.',
  503: 'Something that this depends on is out of reach.',
}

/** Serves a route, and describes it. Handlers read what they are sent with the same schemas. */
export function route(
  app: SystemApp,
  description: RouteDescription,
  handler: (c: Context) => Response | Promise<Response>
): void {
  const { method, path, summary, params, query, body, answers } = description
  const responses: RouteConfig['responses'] = {}
  for (const [status, text] of Object.entries(REFUSALS))
    responses[status] = { description: text, content: { 'application/json': { schema: refusal } } }
  for (const [status, answer] of Object.entries(answers))
    responses[status] = {
      description: answer.description,
      ...(answer.body && { content: { [answer.type ?? 'application/json']: { schema: answer.body } } }),
    }
  app.openAPIRegistry.registerPath({
    method,
    path,
    summary,
    request: {
      ...(params && { params }),
      ...(query && { query }),
      ...(body && { body: { required: true, content: { 'application/json': { schema: body } } } }),
    },
    security: [{ basic: [] }],
    responses,
  })
  app.on(method.toUpperCase(), path.replaceAll(/\{(\w+)\}/g, ':$1'), handler)
}
