import { execa } from 'execa'
import type { Deployment } from '../../lib/stack/index.ts'

/** How functions are deployed: by the real faas-cli where there is one, or by the calls that it makes. */
export interface GatewayClient {
  /** `faas-cli`, with its path, or `its recorded calls`. */
  name: string
  request(method: string, route: string, body?: unknown): Promise<Response>
  createSecret(name: string, value: string): Promise<void>
  /** Deploys a stack; says what the gateway said. */
  deploy(deployments: readonly Deployment[]): Promise<void>
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
    name: 'its recorded calls',
    request,
    createSecret: (name, value) => succeed('POST', '/system/secrets', { name, namespace: '', value }),
    async deploy(deployments) {
      for (const deployment of deployments) {
        const updated = await request('PUT', '/system/functions', deployment)
        if (updated.status === 404) await succeed('POST', '/system/functions', deployment)
        else if (!updated.ok)
          throw new Error(`${deployment.service}: ${updated.status} ${await updated.text()}`)
      }
    },
  }
}

/** The real faas-cli, on the PATH or named by FAAS_CLI; undefined where there is none. */
export async function findFaasCli(): Promise<string | undefined> {
  const program = process.env.FAAS_CLI ?? 'faas-cli'
  const { failed } = await execa(program, ['version'], { reject: false })
  return failed ? undefined : program
}
