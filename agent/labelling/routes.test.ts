import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { serveQueue } from './served-queue.fixture.ts'

let served: Awaited<ReturnType<typeof serveQueue>>

beforeEach(async () => {
  served = await serveQueue()
})
afterEach(() => served.close())

const get = (path: string, headers: HeadersInit = {}) => fetch(`${served.url}${path}`, { headers })
const authorization = () => ({ Authorization: `Bearer ${served.token}` })

/** What the description of the API lists, as `METHOD /path`. */
async function described(): Promise<string[]> {
  const { paths } = (await (await get('/label/api/openapi.json', authorization())).json()) as {
    paths: Record<string, Record<string, unknown>>
  }
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`)
  )
}

describe('the queue over HTTP', () => {
  it('answers 401 to strangers, whatever they ask for, photos included', async () => {
    const photo = await served.add(0.5)
    const routes = [...(await described()), 'GET /label/api/openapi.json', 'GET /label/api/nothing']
    expect(routes).toHaveLength(8)
    const strangers: HeadersInit[] = [
      {},
      { Authorization: 'Bearer wrong' },
      { Authorization: `Basic ${served.token}` },
    ]
    for (const route of routes) {
      const [method, path] = route.replace('{photo}', photo).split(' ') as [string, string]
      for (const headers of strangers) {
        const response = await fetch(`${served.url}${path}`, { method, headers })
        expect([route, response.status]).toEqual([route, 401])
        expect(await response.json()).toMatchObject({
          code: 'UNAUTHENTICATED',
          hint: expect.stringContaining('edge token'),
        })
      }
    }
    for (const path of [
      `/label/%61pi/photos/${photo}`,
      `/label/api//photos/${photo}`,
      `/label/api/../api/state`,
    ])
      expect([401, 404]).toContain((await get(path)).status)
    expect(await served.queue.state()).toMatchObject({ waiting: 1, claimed: 0 })
  })

  it('claims, shows and takes answers for whoever has the token', async () => {
    const photo = await served.add(0.5)
    const post = async (path: string, body: object) => {
      const response = await fetch(`${served.url}/label/api${path}`, {
        method: 'POST',
        headers: { ...authorization(), 'Content-Type': 'application/json' },
        body: JSON.stringify({ by: 'ana', ...body }),
      })
      return response.json()
    }
    expect(await post('/claim', {})).toMatchObject({ questions: [{ photo, labels: ['ant', 'bee'] }] })
    const shown = await get(`/label/api/photos/${photo}`, authorization())
    expect([shown.status, shown.headers.get('content-type')]).toEqual([200, 'image/jpeg'])
    expect(await post('/answer', { photo, label: 'bee' })).toMatchObject({ prediction: { confidence: 0.5 } })
    expect(served.said(photo)).toEqual(['ana: bee'])
  })
})

describe('the page', () => {
  it('is whole, comes from this server alone, and may do nothing else', async () => {
    const response = await get('/label')
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    const policy = response.headers.get('content-security-policy')!
    for (const part of ["default-src 'none'", "script-src 'self'", "connect-src 'self'", 'img-src blob:'])
      expect(policy).toContain(part)
    expect(policy).not.toContain('unsafe')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')

    const html = await response.text()
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=|https?:/)
    const linked = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path!)
    expect(linked).toEqual(['/label/label.css', '/label/label.js'])
    const types: Record<string, string> = { css: 'text/css', js: 'text/javascript' }
    const files = [...linked]
    for (const path of files) {
      const file = await get(path)
      expect([path, file.status]).toEqual([path, 200])
      expect(file.headers.get('content-type')).toContain(types[path.split('.').at(-1)!])
      for (const [, name] of (await file.text()).matchAll(/from '\.\/([^']+)'/g))
        if (!files.includes(`/label/${name}`)) files.push(`/label/${name}`)
    }
    expect(files).toHaveLength(6)
  })

  it('asks for nothing that the queue does not have', async () => {
    const script = await (await get('/label/api.js')).text()
    const asked = [
      ...[...script.matchAll(/post\('([^']+)'/g)].map(([, path]) => `POST /label/api${path}`),
      ...[...script.matchAll(/ask\(['`](\/[^'`]+)['`]\)/g)].map(
        ([, path]) => `GET /label/api${path!.replace(/\$\{(\w+)\}/g, '{$1}')}`
      ),
    ]
    expect(asked.sort()).toEqual((await described()).sort())
  })

  it('gives nothing but its own files', async () => {
    for (const path of ['/label/page.ts', '/label/..%2froutes.ts', '/label/index.html', '/label/'])
      expect([path, (await get(path)).status]).toEqual([path, 404])
  })
})
