import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import { parse, stringify } from 'yaml'
import { z } from 'zod'
import { EdgeloopError } from '../../lib/errors/index.ts'

/** faas-cli's own file, so that logging in with either serves both. */
const configFile = z.looseObject({
  auths: z
    .array(z.looseObject({ gateway: z.string(), auth: z.string().optional(), token: z.string().optional() }))
    .nullish(),
})

/** Where faas-cli keeps it. */
function locate(): string {
  const { OPENFAAS_CONFIG, CI } = process.env
  const directory = OPENFAAS_CONFIG ?? (CI === 'true' ? '.openfaas' : path.join(homedir(), '.openfaas'))
  return path.join(directory, 'config.yml')
}

async function read(file: string): Promise<z.infer<typeof configFile>> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  const parsed = configFile.safeParse(parse(text) ?? {})
  if (parsed.success) return parsed.data
  throw new EdgeloopError('INVALID_INPUT', 'the file of logins cannot be read', {
    where: file,
    hint: 'remove it, and log in again',
  })
}

const same = (a: string, b: string) => a.replace(/\/+$/, '') === b.replace(/\/+$/, '')

/** The `Authorization` header for a gateway that somebody has logged in to. */
export async function authorizationFor(gateway: string): Promise<string | undefined> {
  const found = (await read(locate())).auths?.find((each) => same(each.gateway, gateway))
  if (!found?.token) return undefined
  return found.auth === 'oauth2' ? `Bearer ${found.token}` : `Basic ${found.token}`
}

/** @returns where it is kept */
export async function keepLogin(gateway: string, user: string, password: string): Promise<string> {
  const file = locate()
  const config = await read(file)
  const token = Buffer.from(`${user}:${password}`).toString('base64')
  const others = (config.auths ?? []).filter((each) => !same(each.gateway, gateway))
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
  const auths = [...others, { gateway: gateway.replace(/\/+$/, ''), auth: 'basic', token, options: [] }]
  await writeFile(file, stringify({ ...config, auths }), { mode: 0o600 })
  return file
}
