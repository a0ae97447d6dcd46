import type { V1Lease } from '@kubernetes/client-node'

/** When nodes were last heard of: each renews its lease every ten seconds, KubeEdge's through the cloud. */
export interface Heartbeats {
  changed(before: V1Lease | undefined, after: V1Lease | undefined): void
  /** The last sign of life of a node that gives none any more; undefined when nobody can know. */
  missingSince(node: string): Date | undefined
}

interface Beat {
  /** As the node wrote it. */
  renewed: Date
  /** By our own clock, which need not agree with the node's, in milliseconds. */
  seen: number
  leaseMs: number
}

const LEASE_SECONDS = 40
/** When no node at all has been heard of for so long, it is we who do not hear, in milliseconds. */
const DEAF_MS = 25_000

export function createHeartbeats(now = () => performance.now()): Heartbeats {
  const beats = new Map<string, Beat>()
  let heard = now()
  return {
    changed(before, after) {
      heard = now()
      const name = (after ?? before)!.metadata!.name!
      if (!after?.spec?.renewTime) {
        beats.delete(name)
        return
      }
      const renewed = new Date(after.spec.renewTime as unknown as string)
      const known = beats.get(name)
      // What is there when the gateway starts may be old already.
      const age = known ? 0 : Math.max(0, Date.now() - renewed.getTime())
      if (known?.renewed.getTime() === renewed.getTime()) return
      const leaseMs = (after.spec.leaseDurationSeconds ?? LEASE_SECONDS) * 1000
      beats.set(name, { renewed, seen: now() - age, leaseMs })
    },
    missingSince(node) {
      if (now() - heard > DEAF_MS) return undefined
      const beat = beats.get(node)
      return beat && now() - beat.seen > beat.leaseMs ? beat.renewed : undefined
    },
  }
}
