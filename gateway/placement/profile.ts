import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { OPERATORS } from './requirement.ts'

const requirement = z.object({
  key: z.string(),
  operator: z.enum(OPERATORS),
  values: z.array(z.string()).optional(),
})

const nodeSelectorTerm = z.object({
  matchExpressions: z.array(requirement).default([]),
  matchFields: z.array(requirement).default([]),
})

const toleration = z.object({
  key: z.string().optional(),
  operator: z.enum(['Exists', 'Equal']).optional(),
  value: z.string().optional(),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).optional(),
  tolerationSeconds: z.number().int().optional(),
})

/** What only Kubernetes reads: kept as it is, lists as lists. */
const passed = z.looseObject({})
const podTerms = z.object({
  requiredDuringSchedulingIgnoredDuringExecution: z.array(passed).optional(),
  preferredDuringSchedulingIgnoredDuringExecution: z.array(passed).optional(),
})
const quantities = z.record(z.string(), z.union([z.string(), z.number().transform(String)]))

const profileSpec = z.strictObject({
  tolerations: z.array(toleration).optional(),
  affinity: z
    .strictObject({
      nodeAffinity: z
        .strictObject({
          requiredDuringSchedulingIgnoredDuringExecution: z
            .object({ nodeSelectorTerms: z.array(nodeSelectorTerm) })
            .optional(),
          preferredDuringSchedulingIgnoredDuringExecution: z.array(passed).optional(),
        })
        .optional(),
      podAffinity: podTerms.optional(),
      podAntiAffinity: podTerms.optional(),
    })
    .optional(),
  runtimeClassName: z.string().optional(),
  podSecurityContext: passed.optional(),
  topologySpreadConstraints: z.array(passed).optional(),
  dnsPolicy: z.string().optional(),
  dnsConfig: passed.optional(),
  resources: z.object({ limits: quantities.optional(), requests: quantities.optional() }).optional(),
  priorityClassName: z.string().optional(),
  strategy: passed.optional(),
})

/** An `openfaas.com/v1` Profile. https://docs.openfaas.com/reference/profiles/ */
const profileSchema = z.object({
  apiVersion: z.literal('openfaas.com/v1'),
  kind: z.literal('Profile'),
  metadata: z.object({ name: z.string(), annotations: z.record(z.string(), z.string()).default({}) }),
  spec: profileSpec.default({}),
})

export type Profile = z.infer<typeof profileSchema>
export type ProfileSpec = z.infer<typeof profileSpec>

const hint = 'compare it with edge-profiles/edge.yml'

/**
 * Reads the profiles of a folder, one a file.
 *
 * @throws EdgeloopError NOT_FOUND where there is no such folder, INVALID_INPUT naming the file and field that is wrong
 */
export async function readProfiles(directory: string): Promise<Map<string, Profile>> {
  const found = await readdir(directory).catch((cause: NodeJS.ErrnoException) => {
    throw new EdgeloopError('NOT_FOUND', `cannot read the profiles: ${cause.code}`, {
      where: directory,
      cause,
    })
  })
  const profiles = new Map<string, Profile>()
  for (const name of found.filter((file) => /\.ya?ml$/.test(file)).sort()) {
    const file = path.join(directory, name)
    const profile = await readProfile(file)
    if (profiles.has(profile.metadata.name))
      throw new EdgeloopError('INVALID_INPUT', `there are two profiles "${profile.metadata.name}"`, {
        where: file,
        hint: 'give one of them another name',
      })
    profiles.set(profile.metadata.name, profile)
  }
  return profiles
}

async function readProfile(file: string): Promise<Profile> {
  const text = await readFile(file, 'utf8')
  let candidate: unknown
  try {
    candidate = parse(text)
  } catch (cause) {
    throw new EdgeloopError('INVALID_INPUT', `not YAML: ${(cause as Error).message}`, {
      where: file,
      hint,
      cause,
    })
  }
  return parseProfile(candidate, file)
}

/**
 * Reads one profile, as YAML or the cluster has it.
 *
 * @param where its file, or its name in the cluster
 * @throws EdgeloopError INVALID_INPUT naming the field that is wrong
 */
export function parseProfile(candidate: unknown, where: string): Profile {
  const parsed = profileSchema.safeParse(candidate)
  if (parsed.success) return parsed.data
  const { path: field, message } = parsed.error.issues[0]!
  throw new EdgeloopError('INVALID_INPUT', `not a Profile: ${field.join('.')}: ${message}`, { where, hint })
}
