import type { Broker, Publication } from './broker/index.ts'
import { type Connector, messageOf } from './connector/index.ts'
import type { KeptAside } from './kept-aside/index.ts'

/** Under it are Edgeloop's own events, which are no plain messages. */
export const EVENTS = 'events/'

/** Has a broker give an agent what is its own, and what functions ask for. */
export function listenTo(broker: Broker, own: string, filters: readonly string[]): void {
  broker.follow([own, ...filters.filter((filter) => !filter.startsWith(EVENTS))])
}

export interface PlainMessagesOptions {
  connector: Pick<Connector, 'deliver'>
  kept: KeptAside
  /** They come from another broker, which was asked for them. */
  external: boolean
}

/**
 * Takes a message that is the functions'. A broker of our own has it for whoever has subscribed; what another one was asked for
 * and no function wants, because it has gone, is kept aside.
 */
export async function takeMessage(
  publication: Publication,
  { connector, kept, external }: PlainMessagesOptions
): Promise<void> {
  const { topic, payload } = publication
  const taken = topic.startsWith(EVENTS) ? 0 : await connector.deliver(...messageOf(publication))
  if (taken === 0 && external) await kept.keep(topic, payload, 'unmatched', 'no function asks for it')
}

/** What becomes of a message that is too large for anybody. */
export async function keepOversized({ topic, payload }: Publication, kept: KeptAside): Promise<void> {
  await kept.keep(topic, payload, 'oversized', `it has ${payload.length} bytes`)
}
