import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { deploymentsOf, readStack } from '../../lib/stack/index.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const stackFile = path.join(root, 'stack.yml')

/** How functions are deployed: by the real faas-cli where there is one, or by the calls that it makes. */
export interface GatewayClient {
  request(method: string, route: string, body?: unknown): Promise<Response>
  createSecret(name: string, value: string): Promise<void>
  /**
   * Deploys stack.yml, or one function of it.
   * @param variables what `${NAME}` in it stands for
   */
  deploy(variables: Readonly<Record<string, string>>, only?: string): Promise<void>
}

export interface Credentials {
  user: string
  password: string
}

/** Calls as faas-cli makes them: an update first, and a creation when there is nothing to update. */
export function httpClient(gateway: string, { user, password }: Credentials): GatewayClient {
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  const request = (method: string, route: string, body?: unknown) =>
    fetch(new URL(route, gateway), {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    })
  const succeed = async (method: string, route: string, body: unknown) => {
    const response = await request(method, route, body)
    if (!response.ok) throw new Error(`${method} ${route}: ${response.status} ${await response.text()}`)
  }
  return {
    request,
    createSecret: (name, value) => succeed('POST', '/system/secrets', { name, namespace: '', value }),
    async deploy(variables, only) {
      for (const deployment of deploymentsOf(await readStack(stackFile, variables))) {
        if (only !== undefined && deployment.service !== only) continue
        const updated = await request('PUT', '/system/functions', deployment)
        if (updated.status === 404) await succeed('POST', '/system/functions', deployment)
        else if (!updated.ok)
          throw new Error(`${deployment.service}: ${updated.status} ${await updated.text()}`)
      }
    },
  }
}

/** Runs faas-cli, logged in to the gateway; gives back what it prints. */
export type FaasCli = (
  args: readonly string[],
  options?: { env?: Readonly<Record<string, string>>; input?: string | Uint8Array }
) => Promise<string>

/**
 * The real faas-cli, on the PATH or named by FAAS_CLI; undefined where there is none.
 * @param home where it keeps its credentials
 */
export async function findFaasCli(gateway: string, home: string): Promise<FaasCli | undefined> {
  const program = process.env.FAAS_CLI ?? 'faas-cli'
  const { failed } = await execa(program, ['version', '--short-version'], { reject: false })
  if (failed) return undefined
  return async (args, { env, input } = {}) => {
    const { all } = await execa(program, args, {
      cwd: root,
      env: { OPENFAAS_URL: gateway, OPENFAAS_CONFIG: home, ...env },
      input,
      all: true,
    })
    return String(all)
  }
}

/** The same client, with the real faas-cli in place of its calls. */
export function faasCliClient(http: GatewayClient, faasCli: FaasCli): GatewayClient {
  return {
    request: http.request,
    async createSecret(name, value) {
      await faasCli(['secret', 'create', name, '--trim=false'], { input: value })
    },
    async deploy(variables, only) {
      await faasCli(['deploy', '-f', stackFile, ...(only ? ['--filter', only] : [])], { env: variables })
    },
  }
}
