/** The door by environment: what a function, an agent or a job is given. @module */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { EdgeloopError } from '../errors/index.ts'
import { createObjectStore } from './create-object-store.ts'
import type { ObjectStore } from './object-store.ts'
import type { ObjectStoreOptions } from './options.ts'

const present = z.string().trim().min(1)

const Environment = z.object({
  S3_ENDPOINT: present,
  S3_REGION: present.default('us-east-1'),
  S3_BUCKET: present,
  S3_ACCESS_KEY_ID: present.optional(),
  S3_SECRET_ACCESS_KEY: present.optional(),
  SECRETS_DIR: present.default('/var/openfaas/secrets'),
})

/**
 * Reads S3_ENDPOINT, S3_BUCKET, S3_REGION (us-east-1), and the secrets from S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY
 * or else from the files `s3-access-key-id` and `s3-secret-access-key` in SECRETS_DIR (/var/openfaas/secrets).
 * It reads once, when a program starts, and therefore at once. `overrides` go before the environment.
 *
 * Throws `MISCONFIGURED`, naming what is missing or wrong: never a code that would blame whoever sent the request in
 * which a function noticed, because that would make a dead letter of a good event.
 */
export function objectStoreFromEnv(
  env: Readonly<Record<string, string | undefined>> = process.env,
  overrides: Partial<ObjectStoreOptions> = {}
): ObjectStore {
  const parsed = Environment.safeParse({
    ...env,
    S3_ENDPOINT: overrides.endpoint ?? env.S3_ENDPOINT,
    S3_BUCKET: overrides.bucket ?? env.S3_BUCKET,
    S3_ACCESS_KEY_ID: overrides.accessKeyId ?? env.S3_ACCESS_KEY_ID,
    S3_SECRET_ACCESS_KEY: overrides.secretAccessKey ?? env.S3_SECRET_ACCESS_KEY,
  })
  if (!parsed.success) {
    throw misconfigured(z.prettifyError(parsed.error))
  }
  const { S3_ENDPOINT, S3_REGION, S3_BUCKET, SECRETS_DIR, ...secrets } = parsed.data
  const options = {
    endpoint: S3_ENDPOINT,
    region: S3_REGION,
    bucket: S3_BUCKET,
    ...overrides,
    accessKeyId: secrets.S3_ACCESS_KEY_ID ?? readSecret(SECRETS_DIR, 's3-access-key-id'),
    secretAccessKey: secrets.S3_SECRET_ACCESS_KEY ?? readSecret(SECRETS_DIR, 's3-secret-access-key'),
  }
  try {
    return createObjectStore(options)
  } catch (cause) {
    throw misconfigured((cause as Error).message, cause)
  }
}

function misconfigured(message: string, cause?: unknown): EdgeloopError {
  return new EdgeloopError('MISCONFIGURED', message, {
    where: 'the environment',
    hint: 'Set S3_ENDPOINT and S3_BUCKET.',
    cause,
  })
}

function readSecret(directory: string, name: string): string {
  const where = join(directory, name)
  const variable = name.toUpperCase().replaceAll('-', '_')
  const hint = `Write the secret into ${where}, or set ${variable}.`
  const text = readText(where, (cause) => {
    throw new EdgeloopError('MISCONFIGURED', `The secret ${name} is missing.`, { where, hint, cause })
  })
  if (text === '') throw new EdgeloopError('MISCONFIGURED', `The secret ${name} is empty.`, { where, hint })
  return text
}

function readText(path: string, onError: (cause: unknown) => never): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (cause) {
    return onError(cause)
  }
}
