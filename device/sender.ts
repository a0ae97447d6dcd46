/**
 * Which photo is sent when: the oldest ones first, a bounded number at a time, and again until there is a receipt.
 * @module
 */
import { EdgeloopError } from '../lib/errors/index.ts'
import { isRefusedForGood, type Receipt } from '../lib/messages/index.ts'
import { type Backoff, waitAfter } from './backoff.ts'
import type { DeviceLog } from './log.ts'
import type { Outbox } from './outbox.ts'

export interface SenderOptions {
  outbox: Outbox
  /** Photos that are under way at a time; with 1 they arrive in order. */
  inFlight: number
  /** After this long without a receipt a photo is sent again, and then after twice as long each time. */
  receiptTimeoutMs: number
  /** How long to wait after a refusal that is not for good (the edge's disk is full). */
  backoff: Backoff
  publish(photo: Uint8Array): void
  log: DeviceLog
}

export interface Sender {
  /** Looks for photos to send: call it when one was added. */
  wake(): void
  /** The link is up, and everything without a receipt is sent again; or it is down, and nothing is under way. */
  setUp(up: boolean): void
  /**
   * Takes a receipt.
   * @returns the photo's fate (an error: refused for good), once it is out of the outbox; undefined when it stays there
   * or was not there
   */
  take(receipt: Receipt): Promise<'stored' | EdgeloopError | undefined>
  close(): void
}

interface Flight {
  /** What happens next without a receipt. */
  timer: NodeJS.Timeout | undefined
}

const LONGEST_TIMEOUT_MS = 10 * 60_000

export function createSender(options: SenderOptions): Sender {
  const { outbox, log } = options
  const flights = new Map<string, Flight>()
  /** By photo, since the link came up: how often it was sent, and how often refused for now. */
  const sent = new Map<string, number>()
  const refused = new Map<string, number>()
  let up = false
  let looking = false
  let lookAgain = false

  function again(hash: string, flight: Flight, afterMs: number): void {
    clearTimeout(flight.timer)
    flight.timer = setTimeout(() => {
      if (flights.get(hash) === flight) flights.delete(hash)
      wake()
    }, afterMs)
  }

  async function launch(hash: string): Promise<void> {
    const flight: Flight = { timer: undefined }
    flights.set(hash, flight)
    const photo = await outbox.read(hash)
    // The link may have broken meanwhile, or the receipt of an earlier attempt have come.
    if (flights.get(hash) !== flight) return
    if (!photo) {
      flights.delete(hash)
      return
    }
    const attempt = sent.get(hash) ?? 0
    sent.set(hash, attempt + 1)
    if (attempt > 0) log.warn({ photo: hash, attempt }, 'no receipt yet, sending the photo again')
    again(hash, flight, Math.min(LONGEST_TIMEOUT_MS, options.receiptTimeoutMs * 2 ** attempt))
    options.publish(photo)
  }

  async function look(): Promise<void> {
    do {
      lookAgain = false
      for (const hash of await outbox.oldest(options.inFlight)) {
        if (up && !flights.has(hash)) await launch(hash)
      }
    } while (lookAgain)
  }

  function wake(): void {
    if (!up) return
    lookAgain = true
    if (looking) return
    looking = true
    look()
      .catch((error) => {
        log.error({ error }, "the device's queue cannot be read")
        lookAgain = false
        setTimeout(wake, options.backoff.mostMs).unref()
      })
      .finally(() => {
        looking = false
        if (lookAgain) wake()
      })
  }

  function forgetFlights(): void {
    for (const flight of flights.values()) clearTimeout(flight.timer)
    flights.clear()
    sent.clear()
    refused.clear()
  }

  function land(hash: string): void {
    clearTimeout(flights.get(hash)?.timer)
    flights.delete(hash)
    sent.delete(hash)
    refused.delete(hash)
  }

  return {
    wake,
    setUp(isUp) {
      forgetFlights()
      up = isUp
      wake()
    },
    async take(receipt) {
      const { photo } = receipt
      if ('error' in receipt && !isRefusedForGood(receipt)) {
        const flight = flights.get(photo)
        if (!flight) return undefined
        const times = refused.get(photo) ?? 0
        refused.set(photo, times + 1)
        const waitMs = waitAfter(times, options.backoff)
        log.warn({ ...receipt, waitMs }, 'the edge refuses the photo for now')
        again(photo, flight, waitMs)
        return undefined
      }
      const wasThere = await outbox.remove(photo)
      land(photo)
      wake()
      if (!wasThere) return undefined
      if (!('error' in receipt)) return 'stored'
      return new EdgeloopError(receipt.code, `the edge refuses the photo: ${receipt.error}`, {
        where: photo,
      })
    },
    close() {
      up = false
      forgetFlights()
    },
  }
}
