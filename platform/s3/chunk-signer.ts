/** The chain of signatures of an aws-chunked body: each chunk signs its bytes and the signature before it. @module */
import { timingSafeEqual } from 'node:crypto'
import { S3Error } from './s3-error.ts'
import { ALGORITHM, hmac, type Scope, scopeText, sha256Hex } from './sigv4.ts'

export interface ChunkSigner {
  /** Checks the next chunk by the SHA-256 (hex) of its bytes. Throws `SignatureDoesNotMatch`. */
  chunk(hash: string, signature: string | undefined): void
  /** Checks the trailer by its text: each line `name:value\n`. Throws `SignatureDoesNotMatch`. */
  trailer(text: string, signature: string | undefined): void
}

const EMPTY = sha256Hex('')

export function createChunkSigner(options: {
  key: Buffer
  scope: Scope
  time: string
  seed: string
}): ChunkSigner {
  const { key, time } = options
  const scope = scopeText(options.scope)
  let previous = options.seed

  function check(text: string, signature: string | undefined): void {
    const expected = hmac(key, text)
    const given = Buffer.from(signature ?? '', 'hex')
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      throw new S3Error('SignatureDoesNotMatch')
    }
    previous = expected.toString('hex')
  }

  return {
    chunk(hash, signature) {
      check(`${ALGORITHM}-PAYLOAD\n${time}\n${scope}\n${previous}\n${EMPTY}\n${hash}`, signature)
    },
    trailer(text, signature) {
      check(`AWS4-HMAC-SHA256-TRAILER\n${time}\n${scope}\n${previous}\n${sha256Hex(text)}`, signature)
    },
  }
}
