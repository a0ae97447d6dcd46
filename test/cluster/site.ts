import { execa } from 'execa'
import { defaultBackboneDir, readBackboneManifest } from '../../lib/backbone/index.ts'
import { heartbeat } from '../../lib/edge-status/index.ts'
import { connectEvents } from '../../lib/event-client/index.ts'
import type { EdgeloopEvent } from '../../lib/events/index.ts'
import type { ObjectStore } from '../../lib/s3/index.ts'
import type { Platform } from '../../platform/index.ts'
import type { Cluster } from './cluster.ts'

type Edge = Platform['edges'][number]

/** The cluster as the platform that rounds of the loop are turned on. */
export async function clusterPlatform(
  cluster: Cluster,
  store: ObjectStore,
  edges: number,
  edgeToken: string
): Promise<Platform> {
  // What the image holds, and its jobs train on.
  const manifest = await readBackboneManifest(defaultBackboneDir)
  const gateway = `http://${cluster.address('cloud')}:8080`
  const listeners = new Set<(event: EdgeloopEvent) => void>()
  const events = connectEvents({
    broker: `mqtt://${cluster.address('cloud')}:1883`,
    name: 'cluster-test',
    token: edgeToken,
    types: ['#'],
    onEvent: (event) => {
      for (const listener of listeners) listener(event)
    },
  })
  return {
    gateway,
    edges: Array.from({ length: edges }, (_, i) => edgeOf(cluster, i + 1)),
    services: { gateway: pods(cluster, 'gateway'), trainer: pods(cluster, 'trainer') },
    store,
    dataset: 'photos',
    model: 'photos',
    backbones: {
      trained: { manifest, directory: defaultBackboneDir },
      folderOf: async () => defaultBackboneDir,
    },
    invoke: (name, init) => fetch(new URL(`/function/${name}`, gateway), init),
    publish: events.publish,
    onEvent(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    dispose: events.close,
  }
}

function edgeOf(cluster: Cluster, number: number): Edge {
  const name = `edge-${number}`
  let online = true
  return {
    ...pods(cluster, 'agent', name),
    name,
    gateway: `http://${cluster.address(name)}:8080`,
    broker: `mqtt://${cluster.address(name)}:1883`,
    get online() {
      return online
    },
    async status() {
      return heartbeat.parse(
        JSON.parse(await onNode(cluster, name, ['curl', '-sS', '-m', '5', 'http://127.0.0.1:8080/status']))
      )
    },
    cut() {
      online = false
      cluster.cut(number).catch(console.error)
    },
    heal() {
      online = true
      cluster.heal(number).catch(console.error)
    },
  }
}

/** Runs a program in a node's network, as a device there would; works while the node's link is cut. */
export async function onNode(cluster: Cluster, node: string, command: readonly string[]): Promise<string> {
  const [program, ...args] = [...cluster.inside(node), ...command]
  const { stdout } = await execa(program!, args)
  return stdout
}

/** Pods stand for a process of the local platform: Kubernetes starts them again by itself. */
function pods(cluster: Cluster, app: string, node?: string) {
  const selected = ['-n', 'edgeloop', '-l', `app.kubernetes.io/name=${app}`]
  const onlyNode = node ? ['--field-selector', `spec.nodeName=${node}`] : []
  const kill = async () => {
    await cluster.kubectl(['delete', 'pod', ...selected, ...onlyNode, '--grace-period=0', '--force'])
  }
  return {
    name: app,
    running: true,
    kill,
    restart: async () => {
      await cluster.kubectl([
        'wait',
        'pod',
        ...selected,
        ...onlyNode,
        '--for=condition=Ready',
        '--timeout=60s',
      ])
    },
    close: async () => {},
  }
}
