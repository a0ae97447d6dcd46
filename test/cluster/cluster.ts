import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'

const kit = fileURLToPath(new URL('kubernetes', import.meta.url))

/** A real Kubernetes on this machine: a control plane, the node `cloud`, and edges. */
export interface Cluster {
  /** KUBECONFIG, and PATH with kubectl. */
  environment: Readonly<Record<string, string>>
  /** As the nodes see each other: `cloud`, `edge-1`, … */
  address(node: string): string
  /** @returns what it prints */
  kubectl(args: readonly string[], input?: string): Promise<string>
  /** Puts the images of an archive on a node, or on all. */
  loadImages(archive: string, node?: string): Promise<void>
  /** Cuts an edge off from everything outside it. */
  cut(edge: number): Promise<void>
  heal(edge: number): Promise<void>
  /** What runs a program in a node's network: `nsenter --net=…`. */
  inside(node: string): string[]
  close(): Promise<void>
}

/**
 * Brings a cluster up; its binaries are built the first time, which takes some minutes.
 * @param state where it keeps everything; at most 70 characters
 */
export async function startCluster(state: string, edges: number): Promise<Cluster> {
  const tool = (name: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    execa(path.join(kit, name), args, { env: { KUBE_STATE: state, ...env }, stderr: 'inherit' })
  // What an earlier run has left behind.
  await tool('down.sh', [])
  const { stdout } = await tool('up.sh', [String(edges)])
  const environment = exported(stdout)

  return {
    environment,
    address: (node) => environment[`${node.toUpperCase().replaceAll('-', '_')}_ADDRESS`]!,
    async kubectl(args, input) {
      const { stdout } = await execa('kubectl', args, { env: environment, input })
      return stdout
    },
    async loadImages(archive, node) {
      await tool('load-image.sh', [archive, ...(node ? [node] : [])], environment)
    },
    async cut(edge) {
      await tool('link.sh', ['cut', String(edge)], environment)
    },
    async heal(edge) {
      await tool('link.sh', ['heal', String(edge)], environment)
    },
    inside: (node) => ['nsenter', `--net=/run/netns/kt-${node}`],
    async close() {
      await tool('down.sh', [])
    },
  }
}

/** Reads lines `export NAME='value' …`, of which one puts a directory before the PATH. */
function exported(lines: string): Record<string, string> {
  const pairs = [...lines.matchAll(/(\w+)=(?:'([^']*)'(:"\$PATH")?|(\S+))/g)]
  return Object.fromEntries(
    pairs.map(([, name, quoted, before, plain]) => [
      name!,
      before ? `${quoted}:${process.env.PATH}` : (quoted ?? plain!),
    ])
  )
}
