import { z } from '@hono/zod-openapi'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { DEFAULT_NAMESPACE, type Provider } from '../provider.ts'
import { checked, readJson } from './input.ts'
import { namespaceName } from './names.ts'
import { route, type SystemApp } from './route.ts'
import * as schemas from './schemas.ts'

const map = z
  .record(z.string(), z.string())
  .nullish()
  .transform((given) => given ?? {})
const params = z.object({ name: namespaceName })
const creation = z.object({ name: namespaceName, labels: map, annotations: map })
const update = creation.partial({ name: true })

/** @param onChange told when functions may have gone with their namespace */
export function namespaceRoutes(app: SystemApp, provider: Provider, onChange: () => void): void {
  const { namespaces } = provider

  route(
    app,
    {
      method: 'get',
      path: '/system/namespaces',
      summary: 'The names of all namespaces for functions',
      answers: { 200: { description: 'Names.', body: z.array(z.string()) } },
    },
    async (c) => c.json((await namespaces.list()).map(({ name }) => name))
  )

  route(
    app,
    {
      method: 'get',
      path: '/system/namespace/{name}',
      summary: 'One namespace',
      params,
      answers: { 200: { description: 'With labels and annotations.', body: schemas.namespace } },
    },
    async (c) => {
      const { name } = checked(params, c.req.param(), 'path')
      const found = await namespaces.get(name)
      if (!found) throw unknownNamespace(name)
      return c.json(found)
    }
  )

  // faas-cli writes the slash, its API says nothing.
  for (const path of ['/system/namespace/', '/system/namespace'] as const)
    route(
      app,
      {
        method: 'post',
        path,
        summary: 'Create a namespace',
        body: creation,
        answers: { 201: { description: 'It is there.' } },
      },
      async (c) => {
        await namespaces.create(await readJson(c, creation))
        return c.body(null, 201)
      }
    )

  route(
    app,
    {
      method: 'put',
      path: '/system/namespace/{name}',
      summary: 'Change the labels and annotations of a namespace',
      params,
      body: update,
      answers: { 202: { description: 'They are changed.' } },
    },
    async (c) => {
      const { name } = checked(params, c.req.param(), 'path')
      if (!(await namespaces.update({ ...(await readJson(c, update)), name }))) throw unknownNamespace(name)
      return c.body(null, 202)
    }
  )

  route(
    app,
    {
      method: 'delete',
      path: '/system/namespace/{name}',
      summary: 'Remove a namespace with its functions and secrets',
      params,
      answers: { 202: { description: 'It is being removed.' } },
    },
    async (c) => {
      const { name } = checked(params, c.req.param(), 'path')
      if (!(await namespaces.remove(name))) throw unknownNamespace(name)
      onChange()
      return c.body(null, 202)
    }
  )
}

/** @throws EdgeloopError NOT_FOUND */
export async function requireNamespace(provider: Provider, name: string | undefined): Promise<void> {
  if (name === undefined || name === DEFAULT_NAMESPACE || (await provider.namespaces.get(name))) return
  throw unknownNamespace(name)
}

function unknownNamespace(name: string): EdgeloopError {
  return new EdgeloopError('NOT_FOUND', `there is no namespace "${name}"`, {
    where: name,
    hint: 'list what there is with faas-cli namespaces',
  })
}
