/** What a client published. All but topic, payload and QoS is there with MQTT 5 only. */
export interface Publication {
  topic: string
  payload: Uint8Array
  qos: 0 | 1 | 2
  contentType?: string
  correlationData?: Uint8Array
  userProperties: [name: string, value: string][]
}

/** Where messages come from and go to: a broker in this process, or one that is somebody else's. */
export interface Broker {
  /** `mqtt://HOST:PORT`, with TLS `mqtts://`, as reached from this machine. */
  readonly url: string
  /** How many connections were closed for packets that were too long, too slow, or too many at a time. */
  readonly oversized: number
  /**
   * Lets clients in, or connects; until then nothing is accepted, and publishing reaches nobody.
   * @throws EdgeloopError UNAVAILABLE when it cannot listen, with what is in the way
   */
  listen(): Promise<void>
  /** Which topics are wanted from now on, as filters. What came on one that is still wanted is not lost meanwhile. */
  follow(filters: readonly string[]): void
  /** Whether somebody has subscribed to exactly this topic who gets what is said now, at once or on coming back. */
  listens(topic: string): boolean
  /** Delivers to subscribers; does not pass through `accept`. */
  publish(topic: string, payload: string, options?: { retain?: boolean }): Promise<void>
  /** Publishes, and says when the message is in safe hands: with somebody who `listens`, or with the other broker. */
  deliver(topic: string, payload: string, onSafe: () => void): Promise<void>
  /** Ends every connection, and waits for what is being accepted. */
  close(): Promise<void>
}
