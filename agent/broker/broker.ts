import { createServer } from 'node:net'
import { Aedes, type AuthorizePublishHandler, type Client, type PublishPacket } from 'aedes'
import { asEdgeloopError, EdgeloopError } from '../../lib/errors/index.ts'

/** What a client published. */
export interface Publication {
  topic: string
  payload: Uint8Array
}

export interface BrokerOptions {
  port: number
  host: string
  /**
   * Takes a publication before it is acknowledged: the PUBACK goes out when this resolves, and the connection is
   * closed when it rejects, so that the client keeps what it has sent and tries again.
   */
  accept(publication: Publication): Promise<void>
}

/** An MQTT 3.1.1 broker in this process, whose acknowledgement means whatever `accept` means. */
export interface Broker {
  /** `mqtt://HOST:PORT` */
  url: string
  port: number
  /** Delivers to subscribers; does not pass through `accept`. */
  publish(topic: string, payload: string, options?: { retain?: boolean }): Promise<void>
  close(): Promise<void>
}

/**
 * Starts the broker.
 * @throws EdgeloopError UNAVAILABLE when the port is taken
 */
export async function createBroker(options: BrokerOptions): Promise<Broker> {
  const aedes = await Aedes.createBroker({ authorizePublish })
  const server = createServer(aedes.handle)

  function authorizePublish(
    client: Client | null,
    packet: PublishPacket,
    done: Parameters<AuthorizePublishHandler>[2]
  ): void {
    if (!client) {
      done(null)
      return
    }
    const payload = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload)
    options.accept({ topic: packet.topic, payload }).then(
      () => done(null),
      (thrown: unknown) => done(asEdgeloopError(thrown))
    )
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new EdgeloopError('UNAVAILABLE', `the MQTT broker cannot listen: ${cause.code}`, {
          where: `${options.host}:${options.port}`,
          hint: 'stop what uses the port, or choose another one',
          cause,
        })
      )
    )
    server.listen(options.port, options.host, resolve)
  })
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : options.port

  return {
    url: `mqtt://${options.host}:${port}`,
    port,
    publish: (topic, payload, { retain = false } = {}) =>
      new Promise((resolve, reject) => {
        const packet = { cmd: 'publish' as const, topic, payload, qos: 1 as const, retain, dup: false }
        aedes.publish(packet, (error) => (error ? reject(error) : resolve()))
      }),
    close: () =>
      new Promise((resolve) => {
        aedes.close(() => server.close(() => resolve()))
      }),
  }
}
