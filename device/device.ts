/**
 * What runs on a Raspberry Pi: photos go to the edge by MQTT and are kept until the edge has them on disk.
 * @module
 */
import { EdgeloopError } from '../lib/errors/index.ts'
import {
  type Answer,
  answersTopic,
  photosTopic,
  type Receipt,
  readAnswer,
  readReceipt,
  receiptsTopic,
} from '../lib/messages/index.ts'
import { photoHash } from '../lib/photo/index.ts'
import { type Deferred, defer } from './deferred.ts'
import { feed } from './feed.ts'
import { createLink } from './link.ts'
import { silent } from './log.ts'
import { type DeviceOptions, readOptions } from './options.ts'
import { createMemoryOutbox } from './outbox.ts'
import { createSender } from './sender.ts'

export interface Device {
  readonly name: string
  /** Whether the broker is in reach and will tell of receipts. */
  readonly connected: boolean
  /** How many photos have no receipt yet. */
  readonly waiting: number
  /**
   * Sends a photo, for as long as it takes; the same bytes twice are one photo. Resolves when the edge has it on disk.
   * @throws EdgeloopError INVALID_INPUT (it is empty), OVERLOADED (the device's queue is full), UNAVAILABLE (the device
   * was closed first), or what the edge refused the photo with for good
   */
  send(photo: Uint8Array): Promise<void>
  /** Listens for answers; returns what ends it. */
  onAnswer(listener: (answer: Answer) => void): () => void
  /**
   * Resolves when the source has ended and each of its photos is at the edge or refused for good, or when the device
   * is closed; rejects when the source fails. Without a source it is resolved.
   */
  readonly done: Promise<void>
  /** Photos without a receipt stay in the outbox, and their `send` rejects. */
  close(): Promise<void>
}

/**
 * Connects to the edge's broker, for ever, and sends what the source and `send` give.
 * @throws EdgeloopError INVALID_INPUT
 */
export function createDevice(options: DeviceOptions): Device {
  const { name, broker, inFlight, receiptTimeoutMs, backoff } = readOptions(options)
  const log = options.log ?? silent
  const outbox = options.outbox ?? createMemoryOutbox()
  const closing = new AbortController()
  const pending = new Map<string, Deferred<void>>()
  const listeners = new Set<(answer: Answer) => void>()
  if (options.onAnswer) listeners.add(options.onAnswer)

  const sender = createSender({
    outbox,
    inFlight,
    receiptTimeoutMs,
    backoff,
    log,
    publish: (photo) => link.publish(photosTopic(name), photo),
  })
  const link = createLink({
    broker,
    clientId: name,
    credentials: options.credentials,
    topics: [receiptsTopic(name), answersTopic(name)],
    backoff,
    log,
    onUp: () => sender.setUp(true),
    onDown: () => sender.setUp(false),
    onMessage(topic, payload) {
      handle(topic, payload).catch((error) =>
        log.warn({ topic, error }, 'a message that cannot be used is ignored')
      )
    },
  })

  async function handle(topic: string, payload: Uint8Array): Promise<void> {
    if (topic === receiptsTopic(name)) await takeReceipt(readReceipt(payload))
    else if (topic === answersTopic(name)) {
      const answer = readAnswer(payload)
      for (const listener of listeners) listener(answer)
    }
  }

  async function takeReceipt(receipt: Receipt): Promise<void> {
    const fate = await sender.take(receipt)
    if (!fate) return
    const waiting = pending.get(receipt.photo)
    pending.delete(receipt.photo)
    if (fate === 'stored') waiting?.resolve()
    else waiting?.reject(fate)
    options.onReceipt?.(receipt)
  }

  async function send(photo: Uint8Array): Promise<void> {
    refuseIfClosed(closing.signal)
    if (photo.length === 0) throw new EdgeloopError('INVALID_INPUT', 'the photo is empty')
    const hash = photoHash(photo)
    const deferred = pending.get(hash) ?? defer<void>()
    pending.set(hash, deferred)
    try {
      await outbox.put(hash, photo)
    } catch (error) {
      pending.delete(hash)
      deferred.reject(error)
    }
    sender.wake()
    return deferred.promise
  }

  const done = options.source
    ? feed(options.source, { send, ahead: inFlight + 1, signal: closing.signal, log })
    : Promise.resolve()
  done.catch((error) => log.error({ error }, 'the source failed'))

  return {
    name,
    get connected() {
      return link.up
    },
    get waiting() {
      return outbox.size
    },
    send,
    onAnswer(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    done,
    async close() {
      closing.abort()
      sender.close()
      await link.close()
      for (const deferred of pending.values()) deferred.reject(closed())
      pending.clear()
      await done.catch(() => {})
    },
  }
}

function refuseIfClosed(signal: AbortSignal): void {
  if (signal.aborted) throw closed()
}

const closed = () =>
  new EdgeloopError('UNAVAILABLE', 'the device was closed before the edge had the photo', {
    hint: 'Send it again; the edge recognises it by its hash.',
  })
