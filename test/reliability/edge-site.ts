/**
 * An edge as a site has it: the agent, its functions and, where wanted, mosquitto, each in a process of its own that can be
 * killed; behind a line that can be broken, an S3 server. Nothing else of the cloud is ever in reach.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { execa, type ResultPromise } from 'execa'
import { sampleStore } from '../../lib/dataset/index.ts'
import { createObjectStore, type ObjectStore } from '../../lib/s3/index.ts'
import { deploymentsOf, readStack } from '../../lib/stack/index.ts'
import { createTeardown } from '../../lib/teardown/index.ts'
import { freePort } from '../../platform/ports/index.ts'
import { createS3Server } from '../../platform/s3/index.ts'
import { type Line, openLine, publishModel, startMosquitto, temporaryDirectory } from '../support/index.ts'

const FUNCTIONS = ['classify', 'filter-confidence', 'upload-sample'] as const
export type ProcessName = 'agent' | (typeof FUNCTIONS)[number]

/** A process that is started again whenever it was killed. */
interface Killable {
  kill(): Promise<void>
  restart(): Promise<void>
}

export interface EdgeSite {
  gateway: string
  broker: string
  processes: Record<ProcessName, Killable>
  line: Line
  store: ObjectStore
  samples: ReturnType<typeof sampleStore>
  close(): Promise<void>
}

export interface SiteOptions {
  /** The real mosquitto is the broker, in place of the agent itself. */
  mosquitto?: boolean
  /** More for the agent's environment. */
  environment?: Readonly<Record<string, string>>
}

const CREDENTIALS = { accessKeyId: 'edge', secretAccessKey: 'edge-secret' }
const BUCKET = 'edgeloop'
const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))

export async function openEdgeSite({ mosquitto, environment }: SiteOptions = {}): Promise<EdgeSite> {
  const teardown = createTeardown()
  try {
    return { ...(await start({ mosquitto, environment }, teardown.add)), close: teardown.run }
  } catch (error) {
    await teardown.run()
    throw error
  }
}

async function start(
  { mosquitto, environment }: SiteOptions,
  closeLater: (close: () => unknown) => void
): Promise<Omit<EdgeSite, 'close'>> {
  const temporary = await temporaryDirectory('site')
  closeLater(temporary.remove)
  const folder = (name: string) => path.join(temporary.directory, name)
  for (const name of ['edge', 'secrets', 'mosquitto']) await mkdir(folder(name))
  const secrets = {
    'edge-token': 'a token',
    's3-access-key-id': 'edge',
    's3-secret-access-key': 'edge-secret',
  }
  for (const [name, value] of Object.entries(secrets))
    await writeFile(path.join(folder('secrets'), name), value)

  const s3 = await createS3Server({ directory: folder('s3'), buckets: [BUCKET], ...CREDENTIALS })
  closeLater(() => s3.close())
  const line = await openLine(s3.url)
  closeLater(() => line.close())
  const store = createObjectStore({ endpoint: s3.url, bucket: BUCKET, ...CREDENTIALS })
  closeLater(() => store.close())
  await publishModel(store, 'photos')

  const external = mosquitto ? await startMosquitto(folder('mosquitto')) : undefined
  if (external) closeLater(() => external.stop('SIGKILL'))

  const [http, mqtt] = [await freePort('127.0.0.1'), await freePort('127.0.0.1')]
  const ports = await Promise.all(FUNCTIONS.map(() => freePort('127.0.0.1')))
  await writeFile(path.join(folder('edge'), 'function-list.json'), JSON.stringify(await listed(ports)))
  const s3Environment = { S3_ENDPOINT: line.url, S3_BUCKET: BUCKET, SECRETS_DIR: folder('secrets') }

  const agent = supervise('../../agent/main.ts', {
    ...s3Environment,
    EDGE: 'edge-1',
    DATA_DIR: folder('edge'),
    HOST: '127.0.0.1',
    HTTP_PORT: String(http),
    MQTT_PORT: String(mqtt),
    // Nobody listens there: the cloud's gateway and its broker are away all the time.
    CLOUD_GATEWAY: 'http://127.0.0.1:9',
    CLOUD_BROKER: 'mqtt://127.0.0.1:9',
    UPLINK: 'all',
    ...(external && { BROKER_URL: external.url }),
    ...environment,
  })
  const functions = FUNCTIONS.map((name, i) =>
    supervise('function.main.ts', {
      ...s3Environment,
      HANDLER: here(`../../functions/${name}/handler.ts`),
      HOST: '127.0.0.1',
      PORT: String(ports[i]),
      MODEL_CACHE: path.join(folder('edge'), 'models'),
      MODEL_NAME: 'photos',
      RUNTIME: 'wasm',
      DATASET: 'photos',
    })
  )
  const all = [agent, ...functions]
  closeLater(() => Promise.all(all.map((process) => process.end())))
  await Promise.all(all.map((process) => process.restart()))

  const gateway = `http://127.0.0.1:${http}`
  while (!(await fetch(`${gateway}/status`).catch(() => undefined))) await sleep(50)
  const processes = {
    agent,
    classify: functions[0]!,
    'filter-confidence': functions[1]!,
    'upload-sample': functions[2]!,
  }
  const broker = external?.url ?? `mqtt://127.0.0.1:${mqtt}`
  return { gateway, broker, processes, line, store, samples: sampleStore(store, 'photos') }
}

/** The functions of stack.yml, as the cloud's gateway would have told the agent. */
async function listed(ports: readonly number[]) {
  const stack = await readStack(here('../../stack.yml'), {})
  const deployments = new Map(deploymentsOf(stack).map((one) => [one.service, one]))
  return FUNCTIONS.map((name, i) => ({
    ...{ name, port: ports[i], image: name, replicas: 1, availableReplicas: 1, invocationCount: 0 },
    annotations: deployments.get(name)!.annotations,
    createdAt: new Date(0).toISOString(),
  }))
}

function supervise(file: string, env: Readonly<Record<string, string>>) {
  let child: ResultPromise | undefined
  const kill = async () => {
    child?.kill('SIGKILL')
    await child
  }
  return {
    kill,
    end: kill,
    async restart() {
      child = execa(process.execPath, ['--import', 'tsx', here(file)], {
        env: { ...env, TF_CPP_MIN_LOG_LEVEL: '2' },
        reject: false,
        buffer: false,
        stdout: 'ignore',
        stderr: process.env.EDGELOOP_SITE_LOG ? 'inherit' : 'ignore',
      })
    },
  }
}
