import { z } from '@hono/zod-openapi'
import { EdgeloopError } from '../../lib/errors/index.ts'
import type { FunctionStatus, Provider } from '../provider.ts'
import { deploymentRequest } from './deployment-request.ts'
import { checked, readJson } from './input.ts'
import { functionName, namespaceName } from './names.ts'
import { requireNamespace } from './namespaces.ts'
import { route, type SystemApp } from './route.ts'
import { functionStatus, placement } from './schemas.ts'

/** faas-cli leaves it out or sends nothing in it. */
export const optionalNamespace = z
  .union([z.literal(''), namespaceName])
  .optional()
  .transform((name) => name || undefined)
export const inNamespace = z.object({ namespace: optionalNamespace })

const params = z.object({ name: functionName })
const removal = z.object({ functionName, namespace: optionalNamespace })
const scaling = z.object({
  serviceName: z.string().optional(),
  replicas: z.number().int().min(0),
  namespace: optionalNamespace,
})

/** @param onChange told when a function has been deployed or removed */
export function functionRoutes(app: SystemApp, provider: Provider, onChange: () => void): void {
  route(
    app,
    {
      method: 'get',
      path: '/system/functions',
      summary: 'The functions of a namespace',
      query: inNamespace,
      answers: {
        200: { description: 'What was asked for, and how it is doing.', body: z.array(functionStatus) },
      },
    },
    async (c) => {
      const { namespace } = checked(inNamespace, c.req.query(), 'query')
      await requireNamespace(provider, namespace)
      return c.json(await provider.list(namespace))
    }
  )

  route(
    app,
    {
      method: 'get',
      path: '/system/function/{name}',
      summary: 'One function',
      params,
      query: inNamespace.extend({ usage: z.string().optional() }),
      answers: { 200: { description: 'With `usage=1` also what it uses.', body: functionStatus } },
    },
    async (c) => {
      const { name } = checked(params, c.req.param(), 'path')
      const { namespace } = checked(inNamespace, c.req.query(), 'query')
      return c.json(await existing(name, namespace, isYes(c.req.query('usage'))))
    }
  )

  route(
    app,
    {
      method: 'post',
      path: '/system/functions',
      summary: 'Deploy a function, or replace it',
      body: deploymentRequest,
      answers: { 202: { description: 'It is being started.' } },
    },
    async (c) => {
      await provider.deploy(await readJson(c, deploymentRequest))
      onChange()
      return c.body(null, 202)
    }
  )

  route(
    app,
    {
      method: 'put',
      path: '/system/functions',
      summary: 'Replace a function that is there',
      body: deploymentRequest,
      answers: { 202: { description: 'It is being replaced.' } },
    },
    async (c) => {
      const deployment = await readJson(c, deploymentRequest)
      await existing(deployment.service, deployment.namespace || undefined)
      await provider.deploy(deployment)
      onChange()
      return c.body(null, 202)
    }
  )

  route(
    app,
    {
      method: 'delete',
      path: '/system/functions',
      summary: 'Remove a function',
      query: inNamespace,
      body: removal,
      answers: { 202: { description: 'It is being removed.' } },
    },
    async (c) => {
      const { functionName: name, namespace } = await readJson(c, removal)
      const query = checked(inNamespace, c.req.query(), 'query')
      // Older releases of faas-cli name it in the query only.
      if (!(await provider.remove(name, namespace ?? query.namespace))) throw unknownFunction(name)
      onChange()
      return c.body(null, 202)
    }
  )

  route(
    app,
    {
      method: 'post',
      path: '/system/placement',
      summary: 'Where a function would run',
      body: deploymentRequest,
      answers: {
        200: {
          description: 'Nodes that it may run on; it is refused as a deploy is. Nothing is changed.',
          body: placement,
        },
      },
    },
    async (c) => c.json({ nodes: await provider.plan(await readJson(c, deploymentRequest)) })
  )

  route(
    app,
    {
      method: 'post',
      path: '/system/scale-function/{name}',
      summary: 'Run so many pods of a function',
      params,
      query: inNamespace,
      body: scaling,
      answers: { 202: { description: 'It is being scaled.' } },
    },
    async (c) => {
      const { name } = checked(params, c.req.param(), 'path')
      const { replicas, namespace } = await readJson(c, scaling)
      const query = checked(inNamespace, c.req.query(), 'query')
      if (!(await provider.scale(name, replicas, namespace ?? query.namespace))) throw unknownFunction(name)
      return c.body(null, 202)
    }
  )

  async function existing(
    name: string,
    namespace: string | undefined,
    usage?: boolean
  ): Promise<FunctionStatus> {
    const status = await provider.get(name, namespace, usage)
    if (status) return status
    throw unknownFunction(name)
  }
}

/** As Go reads booleans. */
export function isYes(text: string | undefined): boolean {
  return ['1', 't', 'true'].includes(text?.toLowerCase() ?? '')
}

function unknownFunction(name: string): EdgeloopError {
  return new EdgeloopError('NOT_FOUND', `there is no function "${name}"`, {
    where: name,
    hint: 'list what is deployed with faas-cli list',
  })
}
