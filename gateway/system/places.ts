import { z } from '@hono/zod-openapi'
import type { Provider } from '../provider.ts'
import { checked, readJson } from './input.ts'
import { functionName, placeName } from './names.ts'
import { route, type SystemApp } from './route.ts'
import { placedFunction } from './schemas.ts'

const place = z.object({ place: placeName.openapi({ description: 'An edge, or `cloud`.' }) })
const functionAt = z.object({ place: placeName, name: functionName })
const wish = z.object({ enabled: z.boolean() })

/** What there is beside OpenFaaS' API: what runs at an edge, and switching it off there. */
export function placeRoutes(app: SystemApp, provider: Provider): void {
  route(
    app,
    {
      method: 'get',
      path: '/system/places/{place}/functions',
      summary: 'The functions of a place, of all namespaces',
      params: place,
      answers: { 200: { description: 'What agents follow.', body: z.array(placedFunction) } },
    },
    async (c) => {
      const at = checked(place, c.req.param(), 'path').place
      return c.json(await provider.listAt(at === 'cloud' ? undefined : at))
    }
  )

  route(
    app,
    {
      method: 'put',
      path: '/system/places/{place}/functions/{name}',
      summary: 'Switch a function off at one edge, or on again',
      params: functionAt,
      body: wish,
      answers: { 202: { description: 'It is being switched.' } },
    },
    async (c) => {
      const { place: edge, name } = checked(functionAt, c.req.param(), 'path')
      const { enabled } = await readJson(c, wish)
      await provider.switchAt(edge, name, enabled)
      return c.body(null, 202)
    }
  )
}
