import { z } from 'zod'
import { EdgeloopError } from '../errors/index.ts'

/** YAML gives numbers and booleans where text is meant, and null for `NAME:` with nothing behind it. */
const text = z
  .union([z.string(), z.number(), z.boolean(), z.null()])
  .transform((value) => (value === null ? '' : String(value)))
const stringMap = z.record(z.string(), text)
const resources = z.object({ memory: text.optional(), cpu: text.optional() })

const functionName = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'must be lower-case letters, digits and "-"')

/** One function of stack.yml, with the fields that faas-cli reads. */
export const stackFunction = z.object({
  lang: z.string().optional(),
  handler: z.string().optional(),
  image: z.string(),
  build_args: stringMap.optional(),
  skip_build: z.boolean().optional(),
  fprocess: z.string().optional(),
  environment: stringMap.optional(),
  environment_file: z.array(z.string()).optional(),
  secrets: z.array(z.string()).optional(),
  constraints: z.array(z.string()).optional(),
  labels: stringMap.optional(),
  annotations: stringMap.optional(),
  limits: resources.optional(),
  requests: resources.optional(),
  readonly_root_filesystem: z.boolean().optional(),
  namespace: z.string().optional(),
})

export const stackFile = z.object({
  version: z.coerce.string().optional(),
  provider: z.object({ name: z.string(), gateway: z.string().optional() }),
  functions: z.record(functionName, stackFunction),
  configuration: z
    .object({
      /** What is put beside each handler when its image is built. */
      copy: z.array(z.string()).optional(),
    })
    .optional(),
})

/** A file that `environment_file` names. */
export const environmentFile = z.object({ environment: stringMap.default({}) })

export type Stack = z.infer<typeof stackFile>
export type StackFunction = z.infer<typeof stackFunction>

/** What a deploy sends to the gateway, as OpenFaaS defines it. */
export const deployment = z.object({
  service: functionName,
  image: z.string().min(1),
  namespace: z.string().optional(),
  envProcess: z.string().optional(),
  envVars: z.record(z.string(), z.string()).nullish(),
  constraints: z.array(z.string()).nullish(),
  secrets: z.array(z.string()).nullish(),
  labels: z.record(z.string(), z.string()).nullish(),
  annotations: z.record(z.string(), z.string()).nullish(),
  limits: resources.nullish(),
  requests: resources.nullish(),
  readOnlyRootFilesystem: z.boolean().optional(),
})

export type Deployment = z.infer<typeof deployment>

/** @throws EdgeloopError INVALID_INPUT naming the field that is wrong */
export function readDeployment(candidate: unknown): Deployment {
  const parsed = deployment.safeParse(candidate)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  throw new EdgeloopError('INVALID_INPUT', `${issue.path.join('.')}: ${issue.message}`, { where: 'body' })
}
