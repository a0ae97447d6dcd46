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

const nodeSelectorTerm = z.object({ matchExpressions: z.array(requirement).default([]) })

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
 * @throws EdgeloopError INVALID_INPUT naming the file and field that is wrong
 */
export async function readProfiles(directory: string): Promise<Map<string, Profile>> {
  const files = (await readdir(directory)).filter((file) => /\.ya?ml$/.test(file)).sort()
  const profiles = await Promise.all(files.map((file) => readProfile(path.join(directory, file))))
  return new Map(profiles.map((profile) => [profile.metadata.name, profile]))
}

async function readProfile(file: string): Promise<Profile> {
  const parsed = profileSchema.safeParse(parse(await readFile(file, 'utf8')))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  throw new EdgeloopError('INVALID_INPUT', `not a Profile: ${issue.path.join('.')}: ${issue.message}`, {
    where: file,
    hint: 'compare it with edge-profiles/edge.yml',
  })
}
