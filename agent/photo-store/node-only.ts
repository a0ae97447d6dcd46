import { networkInterfaces } from 'node:os'

/** IPv4 in IPv6's clothes, as a socket that listens on both has it. RFC 4291, 2.5.5.2. */
const MAPPED = /^::ffff:(?=\d+\.)/i
/** The interface, which link-local addresses of IPv6 carry. RFC 4007, section 11. */
const ZONE = /%.*$/

/**
 * Whether a connection comes from this machine: from its loopback, or from an address of its own.
 * @param address as sockets say it; undefined where the connection is gone already
 */
export function isFromThisNode(address: string | undefined): boolean {
  if (address === undefined) return false
  const plain = address.replace(MAPPED, '').replace(ZONE, '')
  if (plain === '::1' || plain.startsWith('127.')) return true
  return Object.values(networkInterfaces()).some((own) => own?.some((one) => one.address === plain))
}
