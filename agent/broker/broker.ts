import { createServer, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import {
  Aedes,
  type AuthenticateError,
  type AuthenticateHandler,
  type AuthorizePublishHandler,
  type Client,
  type PublishPacket,
} from 'aedes'
import { asEdgeloopError, EdgeloopError } from '../../lib/errors/index.ts'
import { MAX_PHOTO_BYTES } from '../../lib/photo/index.ts'
import { secretMatch } from '../../lib/secret-match/index.ts'
import { hostFromHere } from '../../lib/web-server/index.ts'
import { watchAudience } from './audience.ts'
import { createPacketGuard } from './packet-guard.ts'
import type { Broker, Publication } from './types.ts'

/** What a TLS server shows, and proves that it is its own, as PEM. */
export interface TlsFiles {
  certificate: string
  key: string
}

export interface BrokerOptions {
  host: string
  /** 0 takes a free one. */
  port: number
  /** What clients have to send as their password; everybody is let in when absent. */
  password?: string
  /** Speaks TLS with this certificate and key, as PEM; plain TCP when absent. */
  tls?: Readonly<TlsFiles>
  /** Packets over their limit close their connection before they are collected in memory. */
  limits?: {
    /** A publication under `longTopics`, in bytes: 48 MiB. */
    maxBytes?: number
    /** Any other packet, in bytes: 1 MiB. */
    maxOtherBytes?: number
    /** What the topics of long publications begin with; without it, there are none. */
    longTopics?: string
    /** All packets together that have not arrived whole, in bytes: 128 MiB. */
    maxUnfinishedBytes?: number
    /** From a packet's first byte to its last, in milliseconds: 5 minutes. */
    maxPacketMs?: number
  }
  /** What topics begin with that only this process publishes to, beside the broker's own. */
  reserved?: readonly string[]
  /** Whether clients may leave a message under this topic for whoever comes later; without it, nowhere. */
  retains?(topic: string): boolean
  /**
   * Takes a publication before it is acknowledged: the PUBACK goes out when this resolves, and the connection is
   * closed when it rejects, so that the client keeps what it has sent and tries again.
   */
  accept(publication: Publication): Promise<void>
  /** Somebody listens to a topic, or a filter, from now on, or is back. */
  onSubscribe?(topic: string): void
}

/** An MQTT 3.1.1 broker in this process, whose acknowledgement means whatever `accept` means. */
export interface EmbeddedBroker extends Broker {
  readonly port: number
}

const LIMITS = {
  /** Above the largest photo that is taken: one that is a little too large gets a refusal instead of a closed door. */
  maxBytes: 1.5 * MAX_PHOTO_BYTES,
  /** An event, which is a few kB. */
  maxOtherBytes: 2 ** 20,
  maxUnfinishedBytes: 128 * 2 ** 20,
  /** 32 MiB at 1 Mbit/s. */
  maxPacketMs: 5 * 60_000,
}
/** Topics under which clients' messages are kept: one for each edge, so that there are never this many. */
const MAX_RETAINED = 1000

/** Topics of the broker itself, which nobody else publishes to. */
const RESERVED = '$SYS/'
/** CONNACK's return code for a client that is not authorised. MQTT 3.1.1, section 3.2.2.3. */
const NOT_AUTHORISED: AuthenticateError['returnCode'] = 5
/** How seldom the same address is complained about, in milliseconds, and of how many that is remembered. */
const COMPLAINT_MS = 60_000
const MAX_COMPLAINTS = 1000
/** So much of a client's id is logged. */
const ID_LENGTH = 64

/** A broker that does not listen yet: what publishes to it can be there before the first client. */
export async function createBroker(options: BrokerOptions): Promise<EmbeddedBroker> {
  const { host, accept, tls } = options
  let { port } = options
  const isPassword = options.password === undefined ? undefined : secretMatch(options.password)
  let oversized = 0
  const accepting = new Set<Promise<void>>()
  const sockets = new Set<Socket>()
  const aedes = await Aedes.createBroker({ authenticate, authorizePublish })
  const audience = watchAudience(aedes, (topic) => options.onSubscribe?.(topic))
  const retained = new Set<string>()
  /** When whom was complained about last, by address. */
  const complained = new Map<string, number>()
  const guard = createPacketGuard({
    ...LIMITS,
    ...options.limits,
    onClosed(socket, why) {
      oversized++
      console.error(`MQTT broker: closed the connection of ${socket.remoteAddress}: ${why}`)
    },
  })
  // A receipt follows its photo in a packet of its own, which must not wait for more to send.
  const noDelay = true
  const take = (socket: Socket) => {
    guard(socket)
    aedes.handle(socket)
  }
  const server = tls
    ? createTlsServer({ noDelay, cert: tls.certificate, key: tls.key }, take)
    : createServer({ noDelay }, take)
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })

  function authenticate(
    { id, conn }: Client,
    _user: Readonly<string | undefined>,
    password: Readonly<Buffer | undefined>,
    done: Parameters<AuthenticateHandler>[3]
  ): void {
    if (!isPassword || (password && isPassword(password))) {
      done(null, true)
      return
    }
    const what = password ? 'wrong' : 'missing'
    const { remoteAddress = 'unknown' } = conn as Socket
    complain(
      remoteAddress,
      `MQTT broker: refused ${JSON.stringify(id.slice(0, ID_LENGTH))} of ${remoteAddress}: its password is ${what}`
    )
    done(Object.assign(new Error('not authorised'), { returnCode: NOT_AUTHORISED }), false)
  }

  /** Once a minute for each address: a client with an old password comes again and again. */
  function complain(address: string, sentence: string): void {
    const now = performance.now()
    if (now - (complained.get(address) ?? Number.NEGATIVE_INFINITY) < COMPLAINT_MS) return
    if (complained.size >= MAX_COMPLAINTS) complained.clear()
    complained.set(address, now)
    console.error(sentence)
  }

  /** It stays in memory for as long as this broker runs: elsewhere than expected, it is an ordinary message. */
  function mayRetain(topic: string): boolean {
    if (!options.retains?.(topic)) return false
    if (retained.size < MAX_RETAINED) retained.add(topic)
    return retained.has(topic)
  }

  function authorizePublish(
    client: Client | null,
    packet: PublishPacket,
    done: Parameters<AuthorizePublishHandler>[2]
  ): void {
    if (!client) {
      done(null)
      return
    }
    const reserved = [RESERVED, ...(options.reserved ?? [])].find((start) => packet.topic.startsWith(start))
    if (reserved !== undefined) {
      done(new EdgeloopError('INVALID_INPUT', `${reserved} is reserved`, { where: packet.topic }))
      return
    }
    packet.retain &&= mayRetain(packet.topic)
    const payload = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload)
    const taking = accept({ topic: packet.topic, payload, qos: packet.qos as 0 | 1 | 2, userProperties: [] })
      .then(
        () => done(null),
        (thrown: unknown) => done(asEdgeloopError(thrown))
      )
      .finally(() => accepting.delete(taking))
    accepting.add(taking)
  }

  const publish: Broker['publish'] = (topic, payload, { retain = false } = {}) =>
    new Promise((resolve, reject) => {
      const packet = { cmd: 'publish' as const, topic, payload, qos: 1 as const, retain, dup: false }
      aedes.publish(packet, (error) => (error ? reject(error) : resolve()))
    })

  return {
    get url() {
      return `${tls ? 'mqtts' : 'mqtt'}://${hostFromHere(host)}:${port}`
    },
    get port() {
      return port
    },
    get oversized() {
      return oversized
    },
    follow() {
      // Whatever clients publish passes through here anyway.
    },

    async listen() {
      await new Promise<void>((resolve, reject) => {
        server.once('error', (cause: NodeJS.ErrnoException) =>
          reject(
            new EdgeloopError(
              'UNAVAILABLE',
              `the MQTT broker cannot listen: ${cause.code === 'EADDRINUSE' ? 'the port is in use' : cause.message}`,
              { where: `${host}:${port}`, hint: 'stop what uses the port, or choose another one', cause }
            )
          )
        )
        server.listen(port, host, resolve)
      })
      // Running out of file descriptors, say: a connection is lost, the broker goes on.
      server.on('error', (error) => console.error('MQTT broker:', error.message))
      const address = server.address()
      if (typeof address === 'object' && address) port = address.port
    },

    listens: audience.listens,

    publish,

    deliver(topic, payload, onSafe) {
      // Before it is said: a device that is back and subscribes anew would be told twice. Publishing fails only while this closes.
      if (audience.listens(topic)) onSafe()
      return publish(topic, payload)
    },

    async close() {
      const stopped = new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
      await new Promise<void>((resolve) => aedes.close(() => resolve()))
      // Those that never said who they are: the broker does not know them.
      for (const socket of sockets) socket.destroy()
      await stopped
      await Promise.allSettled(accepting)
    },
  }
}
