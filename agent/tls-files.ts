import { readFile } from 'node:fs/promises'
import { EdgeloopError } from '../lib/errors/index.ts'
import type { TlsFiles } from './broker/index.ts'

/** Settings that name files, by what they name. */
export interface TlsFileNames {
  certificate: string | undefined
  key: string | undefined
  /** The two settings, for whoever has set only one of them. */
  where: string
}

/**
 * Reads a certificate with its key; undefined where neither is named.
 * @throws EdgeloopError MISCONFIGURED when there is only one of them, or one that cannot be read
 */
export async function readTlsFiles({ certificate, key, where }: TlsFileNames): Promise<TlsFiles | undefined> {
  if (certificate === undefined && key === undefined) return undefined
  if (certificate === undefined || key === undefined)
    throw new EdgeloopError('MISCONFIGURED', 'a certificate goes with its key', {
      where,
      hint: 'set both, or neither',
    })
  return { certificate: await readPem(certificate), key: await readPem(key) }
}

/** @throws EdgeloopError MISCONFIGURED when it cannot be read */
export function readPem(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: unknown) => {
    throw new EdgeloopError('MISCONFIGURED', 'a file for TLS cannot be read', { where: file, cause })
  })
}
