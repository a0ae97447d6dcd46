import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { parse } from 'yaml'
import { z } from 'zod'
import { bundle } from '../../deploy/images/index.ts'
import { PROCESSES } from '../../deploy/images/processes.ts'
import type { createTeardown } from '../../lib/teardown/index.ts'
import { freePort } from '../../platform/ports/index.ts'
import { startServer } from '../start-server.ts'

type Teardown = ReturnType<typeof createTeardown>

/** How many messages came through, and when the first and the last one did; in milliseconds. */
export interface Tally {
  count: number
  first: number
  last: number
}

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))

/** Makes the JavaScript of all processes, as images have it. */
export async function bundleConnectors(directory: string): Promise<void> {
  const processes = {
    agent: PROCESSES.agent,
    function: here('function.main.ts'),
    serial: here('serial.main.ts'),
    proxy: here('../gateway/proxy.main.ts'),
  }
  await bundle({ processes, directory })
}

async function start(args: readonly string[], env: Record<string, string>, teardown: Teardown) {
  const child = execa(process.execPath, args, {
    env,
    reject: false,
    buffer: false,
    ipc: true,
    stderr: 'inherit',
  })
  const stop = async (signal: 'SIGTERM' | 'SIGKILL') => {
    child.kill(signal)
    await child
  }
  teardown.add(() => stop('SIGKILL'))
  return { child, stop, pid: child.pid! }
}

/** A function that takes so many milliseconds. */
export async function startFunction(bundled: string, delayMs: number, teardown: Teardown) {
  const file = path.join(bundled, 'function.js')
  const { url, ask } = await startServer(file, { DELAY_MS: String(delayMs) }, teardown)
  return {
    url,
    port: Number(new URL(url).port),
    tally: () => ask('tally') as Promise<Tally>,
    forget: () => ask('forget'),
  }
}

/** What stands between a connector and a function where the connector is not the gateway itself. */
export async function startProxy(bundled: string, origin: string, teardown: Teardown): Promise<string> {
  const { url } = await startServer(path.join(bundled, 'proxy.js'), { ORIGIN: origin }, teardown)
  return url
}

/** The serial connector, once it is connected; without a function it only receives. */
export async function startSerial(
  bundled: string,
  { broker, topic, functionUrl }: { broker: string; topic: string; functionUrl?: string },
  teardown: Teardown
) {
  const env = { BROKER_URL: broker, TOPIC: topic, ...(functionUrl && { FUNCTION_URL: functionUrl }) }
  const { child, stop } = await start([path.join(bundled, 'serial.js')], env, teardown)
  await child.getOneMessage()
  return {
    stop: () => stop('SIGKILL'),
    async tally() {
      const answer = child.getOneMessage()
      await child.sendMessage('tally')
      return (await answer) as Tally
    },
  }
}

const daemonSet = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({
        containers: z.tuple([
          z.object({
            args: z.array(z.string()),
            env: z.array(z.object({ name: z.string(), value: z.string().optional() })),
          }),
        ]),
      }),
    }),
  }),
})

/** What the DaemonSet gives Node and the C library. */
async function agentContainer() {
  const file = here('../../deploy/base/edge/agent.yml')
  const [{ args, env }] = daemonSet.parse(parse(await readFile(file, 'utf8'))).spec.template.spec.containers
  const memory = env.flatMap(({ name, value }) =>
    name.startsWith('MALLOC_') && value ? [[name, value]] : []
  )
  return {
    flags: args.filter((arg) => arg.startsWith('--')),
    memory: Object.fromEntries(memory) as Record<string, string>,
  }
}

/** An edge agent that is cut off from its cloud and knows one function, which wants a topic. */
export interface AgentOptions {
  bundled: string
  directory: string
  broker: string
  fn: { name: string; port: number; topic: string; maxInflight: number; disabled?: boolean }
}

export async function startAgent({ bundled, directory, broker, fn }: AgentOptions, teardown: Teardown) {
  const secrets = path.join(directory, 'secrets')
  await mkdir(secrets, { recursive: true })
  for (const name of ['edge-token', 's3-access-key-id', 's3-secret-access-key'])
    await writeFile(path.join(secrets, name), 'secret')
  const { name, port, topic, maxInflight, disabled } = fn
  const known = {
    ...{ name, port, disabled, image: 'bench', replicas: 1, availableReplicas: 1, invocationCount: 0 },
    annotations: { topic, 'edgeloop.dev/max-inflight': String(maxInflight) },
    createdAt: new Date(0).toISOString(),
  }
  await writeFile(path.join(directory, 'function-list.json'), JSON.stringify([known]))
  const http = await freePort('127.0.0.1')
  const deployed = await agentContainer()
  const env = {
    ...deployed.memory,
    EDGE: 'edge-1',
    DATA_DIR: directory,
    SECRETS_DIR: secrets,
    HOST: '127.0.0.1',
    HTTP_PORT: String(http),
    BROKER_URL: broker,
    // Nobody listens there: the cloud is away.
    CLOUD_GATEWAY: 'http://127.0.0.1:9',
    CLOUD_BROKER: 'mqtt://127.0.0.1:9',
    S3_ENDPOINT: 'http://127.0.0.1:9',
    S3_BUCKET: 'edgeloop',
  }
  const { stop, pid } = await start([...deployed.flags, path.join(bundled, 'agent.js')], env, teardown)
  const gateway = `http://127.0.0.1:${http}`
  while (!(await fetch(`${gateway}/status`).catch(() => undefined))) await sleep(20)
  return { stop: () => stop('SIGTERM'), pid, gateway }
}
