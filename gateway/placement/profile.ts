import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { EdgeloopError } from '../../lib/errors/index.ts'

const requirement = z.object({
  key: z.string(),
  operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt']),
  values: z.array(z.string()).optional(),
})

const nodeSelectorTerm = z.looseObject({
  /** On labels. */
  matchExpressions: z.array(requirement).default([]),
  /** On fields, of which Kubernetes knows `metadata.name`. */
  matchFields: z.array(requirement).default([]),
})

/** An `openfaas.com/v1` Profile; fields that only Kubernetes reads are kept as they are. */
const profileSchema = z.object({
  apiVersion: z.literal('openfaas.com/v1'),
  kind: z.literal('Profile'),
  metadata: z.object({ name: z.string(), annotations: z.record(z.string(), z.string()).default({}) }),
  spec: z.looseObject({
    affinity: z
      .looseObject({
        nodeAffinity: z
          .looseObject({
            requiredDuringSchedulingIgnoredDuringExecution: z
              .object({ nodeSelectorTerms: z.array(nodeSelectorTerm) })
              .optional(),
          })
          .optional(),
      })
      .optional(),
  }),
})

export type Requirement = z.infer<typeof requirement>
export type Profile = z.infer<typeof profileSchema>

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
  const hint = 'compare it with edge-profiles/edge.yml'
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
  const parsed = profileSchema.safeParse(candidate)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  throw new EdgeloopError('INVALID_INPUT', `not a Profile: ${issue.path.join('.')}: ${issue.message}`, {
    where: file,
    hint,
  })
}
