import fc from 'fast-check'
import mqttPacket from 'mqtt-packet'
import { expect, it } from 'vitest'
import { packetWatch } from './packet-limit.ts'

const publish = (bytes: number) =>
  mqttPacket.generate({
    cmd: 'publish',
    topic: 'photos/pi',
    payload: Buffer.alloc(bytes),
    qos: 1,
    retain: false,
    dup: false,
    messageId: 1,
  })
/** Two bytes of length, the topic, and the message's id. */
const AROUND = 2 + 'photos/pi'.length + 2

it('sees the first packet that is too long, however the bytes are cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 20, max: 20_000 }),
      fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 20 }),
      (sizes, limit, cuts) => {
        const watch = packetWatch(limit)
        let bytes = Buffer.concat(sizes.map(publish))
        let seen = false
        for (let i = 0; bytes.length > 0; i++) {
          const cut = cuts[i % cuts.length]!
          seen ||= watch(bytes.subarray(0, cut))
          bytes = bytes.subarray(cut)
        }
        expect(seen).toBe(sizes.some((size) => size + AROUND > limit))
      }
    )
  )
})
