/**
 * Runs the contract against a server that is there already: set S3_CONTRACT_ENDPOINT and, where they differ from these,
 * S3_CONTRACT_ACCESS_KEY_ID, S3_CONTRACT_SECRET_ACCESS_KEY (`contract` both) and S3_CONTRACT_BUCKET, an empty bucket
 * (`contract`).
 * @module
 */
import { describe } from 'vitest'
import { s3Contract } from './s3.contract.ts'

const { env } = process
const endpoint = env.S3_CONTRACT_ENDPOINT

describe.skipIf(endpoint === undefined)('another S3 server', () => {
  s3Contract(String(endpoint), async () => ({
    endpoint: String(endpoint),
    accessKeyId: env.S3_CONTRACT_ACCESS_KEY_ID ?? 'contract',
    secretAccessKey: env.S3_CONTRACT_SECRET_ACCESS_KEY ?? 'contract',
    bucket: env.S3_CONTRACT_BUCKET ?? 'contract',
    close: async () => undefined,
  }))
})
