/**
 * For tests: a real MQTT broker that answers photos as an agent does, and can be killed and brought back.
 * @module
 */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { Aedes, type Client } from 'aedes'
import { answersTopic, receiptsTopic } from '../lib/messages/index.ts'
import { photoHash } from '../lib/photo/index.ts'

export interface FakeEdge {
  readonly url: string
  /** Hashes of photos, in the order that they came to the edge's disk; survives `kill`. */
  readonly disk: string[]
  /** How many photos came by MQTT, repeated ones included. */
  readonly arrived: number
  /** What happens to a photo with this hash on its n-th arrival (1 is the first). */
  behave: (hash: string, arrival: number) => Behaviour
  /** Publishes any bytes to a device's topic. */
  say(topic: string, payload: string | Uint8Array): Promise<void>
  start(): Promise<void>
  /** Breaks every connection and stops listening; what the broker had in memory is gone. */
  kill(): Promise<void>
}

type Behaviour = 'receipt' | 'silence' | 'break' | { error: string; code: string }

export interface FakeEdgeOptions {
  password?: string
  /** Topics that nobody may subscribe to. */
  forbidden?: string[]
}

export async function startFakeEdge(options: FakeEdgeOptions = {}): Promise<FakeEdge> {
  const disk: string[] = []
  const arrivals = new Map<string, number>()
  const sockets = new Set<Socket>()
  let port = 0
  let broker: Aedes
  let server: Server

  const say = (topic: string, payload: string | Uint8Array) =>
    new Promise<void>((resolve, reject) => {
      const message = {
        cmd: 'publish',
        topic,
        payload: Buffer.from(payload),
        qos: 1,
        dup: false,
        retain: false,
      } as const
      broker.publish(message, (error) => (error ? reject(error) : resolve()))
    })

  async function take(client: Client, photo: Buffer): Promise<void> {
    const hash = photoHash(photo)
    const arrival = (arrivals.get(hash) ?? 0) + 1
    arrivals.set(hash, arrival)
    const behaviour = edge.behave(hash, arrival)
    if (typeof behaviour === 'object') {
      await say(receiptsTopic(client.id), JSON.stringify({ photo: hash, ...behaviour }))
      return
    }
    if (!disk.includes(hash)) disk.push(hash)
    if (behaviour === 'break') client.conn.destroy()
    if (behaviour !== 'receipt') return
    await say(receiptsTopic(client.id), JSON.stringify({ photo: hash, sequence: disk.indexOf(hash) }))
    const labels = [{ label: 'cat', score: 1 }]
    const answer = { photo: hash, model: { name: 'pets', version: 1 }, labels, confidence: 1 }
    await say(answersTopic(client.id), JSON.stringify(answer))
  }

  const edge: FakeEdge = {
    disk,
    get url() {
      return `mqtt://127.0.0.1:${port}`
    },
    get arrived() {
      return [...arrivals.values()].reduce((sum, count) => sum + count, 0)
    },
    behave: () => 'receipt',
    say,
    async start() {
      broker = await Aedes.createBroker({
        authenticate: (_client, _username, password, done) =>
          done(null, options.password === undefined || password?.toString() === options.password),
        authorizeSubscribe: (_client, subscription, done) =>
          done(null, options.forbidden?.includes(subscription.topic) ? null : subscription),
      })
      broker.on('publish', (packet, client) => {
        if (client && packet.topic.startsWith('photos/'))
          // What a killed broker can no longer say is lost, as it would be.
          take(client, packet.payload as Buffer).catch(() => {})
      })
      server = createServer({ noDelay: true }, (socket) => {
        sockets.add(socket)
        socket.once('close', () => sockets.delete(socket))
        broker.handle(socket)
      })
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
      port = (server.address() as AddressInfo).port
    },
    async kill() {
      const stopped = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await stopped
      await new Promise<void>((resolve) => broker.close(() => resolve()))
    },
  }
  await edge.start()
  return edge
}
