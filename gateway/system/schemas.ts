import { z } from '@hono/zod-openapi'

const map = z.record(z.string(), z.string())
const resources = z.object({ memory: z.string().optional(), cpu: z.string().optional() })

export const functionStatus = z
  .object({
    name: z.string(),
    image: z.string(),
    namespace: z.string().optional(),
    envProcess: z.string().optional(),
    envVars: map.nullish(),
    constraints: z.array(z.string()).nullish(),
    secrets: z.array(z.string()).nullish(),
    labels: map.nullish(),
    annotations: map.nullish(),
    limits: resources.nullish(),
    requests: resources.nullish(),
    readOnlyRootFilesystem: z.boolean().optional(),
    replicas: z.number().int().min(0).openapi({ description: 'Pods or nodes that should run it.' }),
    availableReplicas: z.number().int().min(0),
    invocationCount: z.number().min(0),
    createdAt: z.iso.datetime(),
    status: z.string().optional().openapi({
      description: 'How far an update has come, or what holds it up.',
      example: '2 of 3 edges updated; edge-7 offline since 2026-11-23T17:40:11.000Z',
    }),
    usage: z.object({ cpu: z.number(), totalMemoryBytes: z.number() }).optional(),
  })
  .openapi('FunctionStatus')

export const placement = z.object({ nodes: z.array(z.string()) }).openapi('Placement')

export const placedFunction = functionStatus
  .extend({
    port: z.number().int().optional().openapi({ description: 'Where it listens at 127.0.0.1 of that node.' }),
    disabled: z.boolean().optional().openapi({ description: 'Switched off at that place.' }),
  })
  .openapi('PlacedFunction')

export const namespace = z
  .object({ name: z.string(), labels: map.optional(), annotations: map.optional() })
  .openapi('FunctionNamespace')

export const secret = z.object({ name: z.string(), namespace: z.string().optional() }).openapi('Secret')

export const logLine = z
  .object({
    name: z.string(),
    namespace: z.string(),
    instance: z.string(),
    timestamp: z.string(),
    text: z.string(),
  })
  .openapi('LogLine')

const version = z.object({ release: z.string(), sha: z.string() })
export const info = z
  .object({
    provider: z.object({ provider: z.string(), orchestration: z.string(), version }),
    version,
    arch: z.string(),
  })
  .openapi('GatewayInfo')
