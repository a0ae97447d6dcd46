import { z } from '@hono/zod-openapi'
import { EdgeloopError } from '../../lib/errors/index.ts'
import type { Provider, Secret } from '../provider.ts'
import { inNamespace, optionalNamespace } from './functions.ts'
import { checked, readJson } from './input.ts'
import { secretName } from './names.ts'
import { requireNamespace } from './namespaces.ts'
import { route, type SystemApp } from './route.ts'
import * as schemas from './schemas.ts'

/** As much as Kubernetes keeps in one, in bytes. */
const MAX_BYTES = 2 ** 20

const named = z.object({ name: secretName, namespace: optionalNamespace })
const valued = named
  .extend({
    value: z.string().optional(),
    /** For bytes that are no text; `value` goes before it. */
    rawValue: z.base64().optional(),
  })
  .transform(({ name, namespace, value, rawValue }): Secret => {
    const bytes = value ? Buffer.from(value) : Buffer.from(rawValue ?? '', 'base64')
    return { name, namespace, value: bytes }
  })
  .refine(({ value }) => value.length > 0, { error: 'a secret holds something', path: ['value'] })
  .refine(({ value }) => value.length <= MAX_BYTES, {
    error: 'a secret holds at most 1 MiB',
    path: ['value'],
  })

export function secretRoutes(app: SystemApp, provider: Provider): void {
  const { secrets } = provider
  const path = '/system/secrets'

  route(
    app,
    {
      method: 'get',
      path,
      summary: 'The names of the secrets of a namespace',
      query: inNamespace,
      answers: { 200: { description: 'Never their values.', body: z.array(schemas.secret) } },
    },
    async (c) => {
      const { namespace } = checked(inNamespace, c.req.query(), 'query')
      await requireNamespace(provider, namespace)
      const found = await secrets.list(namespace)
      return c.json(found.map((secret) => ({ name: secret.name, namespace: secret.namespace })))
    }
  )

  route(
    app,
    {
      method: 'post',
      path,
      summary: 'Create a secret',
      body: valued,
      answers: { 201: { description: 'It is there.' } },
    },
    async (c) => {
      const secret = await readJson(c, valued)
      await requireNamespace(provider, secret.namespace)
      await secrets.create(secret)
      return c.body(null, 201)
    }
  )

  route(
    app,
    {
      method: 'put',
      path,
      summary: 'Give a secret another value',
      body: valued,
      answers: { 202: { description: 'It is changed; functions that have read it keep the old one.' } },
    },
    async (c) => {
      const secret = await readJson(c, valued)
      await requireNamespace(provider, secret.namespace)
      if (!(await secrets.update(secret))) throw unknownSecret(secret.name)
      return c.body(null, 202)
    }
  )

  route(
    app,
    {
      method: 'delete',
      path,
      summary: 'Remove a secret',
      body: named,
      answers: { 202: { description: 'It has gone.' } },
    },
    async (c) => {
      const { name, namespace } = await readJson(c, named)
      await requireNamespace(provider, namespace)
      if (!(await secrets.remove(name, namespace))) throw unknownSecret(name)
      return c.body(null, 202)
    }
  )
}

function unknownSecret(name: string): EdgeloopError {
  return new EdgeloopError('NOT_FOUND', `there is no secret "${name}"`, {
    where: name,
    hint: 'list what there is with faas-cli secret list',
  })
}
