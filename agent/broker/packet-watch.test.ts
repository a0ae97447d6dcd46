import fc from 'fast-check'
import mqttPacket from 'mqtt-packet'
import { expect, it } from 'vitest'
import { watchPackets } from './packet-watch.ts'

const publish = (bytes: number, topic = 'photos/pi') =>
  mqttPacket.generate({
    cmd: 'publish',
    topic,
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
        const watch = watchPackets({ maxBytes: limit, maxOtherBytes: 10, longTopics: 'photos/' })
        let bytes = Buffer.concat(sizes.map((size) => publish(size)))
        let seen = false
        for (let i = 0; bytes.length > 0; i++) {
          const cut = cuts[i % cuts.length]!
          seen ||= watch.exceeds(bytes.subarray(0, cut))
          bytes = bytes.subarray(cut)
        }
        if (!seen) expect([watch.whole, watch.unfinished]).toEqual([sizes.length, 0])
        expect(seen).toBe(sizes.some((size) => size + AROUND > limit))
      }
    )
  )
})

it('allows long packets under the long topics only, however the bytes are cut', () => {
  const limits = { maxBytes: 5000, maxOtherBytes: 1000, longTopics: 'photos/' }
  const subscribe = mqttPacket.generate({
    cmd: 'subscribe',
    messageId: 1,
    subscriptions: [{ topic: 'photos/'.repeat(200), qos: 1 }],
  })
  const cases: [Buffer, boolean][] = [
    [publish(900, 'junk/1'), false],
    [publish(1100, 'junk/1'), true],
    [publish(1100, 'photos'), true],
    [publish(1100, 'photos/1'), false],
    [publish(5100, 'photos/1'), true],
    [subscribe, true],
  ]
  for (const [packet, expected] of cases) {
    for (const cut of [1, 3, 10, 10_000]) {
      const watch = watchPackets(limits)
      let seen = false
      for (let at = 0; at < packet.length && !seen; at += cut)
        seen = watch.exceeds(packet.subarray(at, at + cut))
      expect(seen).toBe(expected)
    }
  }
  expect(watchPackets({ ...limits, longTopics: undefined }).exceeds(publish(1100))).toBe(true)
})

it('says how much of a packet has arrived', () => {
  const watch = watchPackets({ maxBytes: 5000, maxOtherBytes: 5000 })
  const packet = publish(1000)
  expect(watch.exceeds(packet.subarray(0, 501))).toBe(false)
  expect(watch).toMatchObject({ whole: 0, unfinished: 500 })
  watch.exceeds(Buffer.concat([packet.subarray(501), packet.subarray(0, 1)]))
  expect(watch).toMatchObject({ whole: 1, unfinished: 1 })
})
