import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ApiServer, startApiServer } from './api-server.fixture.ts'
import { createKubernetesClient, type KubernetesClient, kubeConfigFrom } from './index.ts'

let server: ApiServer
let client: KubernetesClient

beforeEach(async () => {
  server = await startApiServer()
  client = createKubernetesClient(server.config)
})
afterEach(async () => {
  client.close()
  await server.close()
})

describe('an answer', () => {
  it.each([
    [400, 'INVALID_INPUT', { message: 'no such field' }, 'no such field'],
    [401, 'MISCONFIGURED', { message: 'Unauthorized' }, 'Unauthorized'],
    [
      403,
      'MISCONFIGURED',
      { message: 'User "x" cannot list resource "pods"' },
      'User "x" cannot list resource "pods"',
    ],
    [403, 'INVALID_INPUT', { message: 'exceeded quota' }, 'exceeded quota'],
    [404, 'NOT_FOUND', { message: 'not found' }, 'not found'],
    [409, 'CONFLICT', { message: 'exists' }, 'exists'],
    [422, 'INVALID_INPUT', { message: 'is invalid' }, 'is invalid'],
    [500, 'UNAVAILABLE', 'not JSON', 'not JSON'],
    [503, 'UNAVAILABLE', '', 'Kubernetes answered 503'],
  ])('%i is %s', async (status, code, body, message) => {
    server.answer('POST', status, body)
    await expect(client.create('/api/v1/pods', {})).rejects.toMatchObject({
      code,
      message,
      where: '/api/v1/pods',
    })
  })

  it('that there is none is no error where one is looked for, or removed', async () => {
    server.answer('GET', 404, {})
    expect(await client.find('/api/v1/pods/a')).toBeUndefined()
    server.answer('DELETE', 404, {})
    expect(await client.remove('/api/v1/pods/a')).toBe(false)
    expect(await client.remove('/api/v1/pods/a')).toBe(true)
  })
})

it('asks for long lists piece by piece', async () => {
  const page = (name: string, more?: string) => ({
    items: [{ metadata: { name } }],
    metadata: { continue: more, resourceVersion: '7' },
  })
  server.answer('GET', 200, page('a', 'next'))
  server.answer('GET', 200, page('b', ''))
  const { items, resourceVersion } = await client.list('/api/v1/pods')
  expect([items.map(({ metadata }) => metadata?.name), resourceVersion]).toEqual([['a', 'b'], '7'])
  expect(server.requests).toEqual(['GET /api/v1/pods?limit=500', 'GET /api/v1/pods?limit=500&continue=next'])
})

it('says where the API is when it is out of reach', async () => {
  await server.close()
  await expect(client.get('/api/v1/pods')).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringMatching(/^the Kubernetes API is out of reach: ECONNREFUSED$/),
    where: client.server,
  })
})

it('wants to be told which cluster to use', () => {
  expect(() => kubeConfigFrom({})).toThrow('it is not said which Kubernetes cluster to use')
  expect(() => kubeConfigFrom({ KUBECONFIG: '/nowhere/config' })).toThrow(
    /^the kubeconfig cannot be read: ENOENT/
  )
})
