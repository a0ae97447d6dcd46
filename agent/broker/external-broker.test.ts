/** The same promises with other brokers: the real mosquitto where it is installed, and the embedded one as a stranger. */
import { setTimeout as sleep } from 'node:timers/promises'
import mqtt, { type MqttClient } from 'mqtt'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { isMosquittoInstalled, startMosquitto, temporaryDirectory } from '../../test/support/index.ts'
import { createBroker } from './broker.ts'
import { createExternalBroker, type ExternalBrokerOptions } from './external-broker.ts'
import type { Broker, Publication } from './types.ts'

vi.setConfig({ testTimeout: 60_000 })

const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 20_000, interval: 5 })

interface Stranger {
  url: string
  close(): Promise<void>
  /** Where it can be ended and comes back with what it had. */
  restart?(): Promise<void>
}

async function mosquitto(): Promise<Stranger> {
  const temporary = await temporaryDirectory('mosquitto')
  const running = await startMosquitto(temporary.directory)
  return {
    url: running.url,
    async restart() {
      await running.stop()
      await running.start()
    },
    async close() {
      await running.stop('SIGKILL')
      await temporary.remove()
    },
  }
}

async function embedded(): Promise<Stranger> {
  const broker = await createBroker({ host: '127.0.0.1', port: 0, accept: async () => {} })
  await broker.listen()
  return { url: broker.url, close: () => broker.close() }
}

const kinds = [
  { name: 'another one of ours', open: embedded, versions: [4] as const, installed: true },
  { name: 'mosquitto', open: mosquitto, versions: [4, 5] as const, installed: isMosquittoInstalled() },
]

for (const { name, open, versions, installed } of kinds) {
  describe.skipIf(!installed)(`with ${name}`, () => {
    for (const protocolVersion of versions) {
      describe(`by MQTT ${protocolVersion === 5 ? '5' : '3.1.1'}`, () => {
        let stranger: Stranger
        let broker: Broker | undefined
        let device: MqttClient
        let accept: (publication: Publication) => Promise<void>
        let oversized: string[]
        let complaints: ReturnType<typeof vi.spyOn>

        const connect = async (more: Partial<ExternalBrokerOptions> = {}, filters = ['photos/+']) => {
          broker = createExternalBroker(
            { url: stranger.url, clientId: 'edge-1', protocolVersion, ...more },
            {
              accept: (publication) => accept(publication),
              onOversized: async ({ topic }) => {
                oversized.push(topic)
              },
            }
          )
          broker.follow(filters)
          await broker.listen()
        }
        const send = (text: string, topic = 'photos/pi') => device.publishAsync(topic, text, { qos: 1 })
        /** Takes everything, and says what it was. */
        const taking = () => {
          const texts: string[] = []
          accept = async ({ payload }) => {
            texts.push(Buffer.from(payload).toString())
          }
          return texts
        }
        /** Once a subscription is there, what is published comes. */
        const heard = async (texts: string[], topic = 'photos/pi') => {
          const sign = `ready ${Math.random()}`
          await eventually(async () => {
            await send(sign, topic)
            await sleep(20)
            expect(texts).toContain(sign)
          })
          texts.splice(0)
        }

        beforeEach(async () => {
          complaints = vi.spyOn(console, 'error').mockImplementation(() => {})
          oversized = []
          stranger = await open()
          device = await mqtt.connectAsync(stranger.url, {
            clientId: 'pi',
            protocolVersion,
            reconnectPeriod: 50,
          })
          device.on('error', () => {})
        })
        afterEach(async () => {
          await broker?.close()
          broker = undefined
          await device.endAsync(true)
          await stranger.close()
          complaints.mockRestore()
        })

        it('accepts several at a time, no more than so many, and acknowledges what was accepted', async () => {
          const waiting: (() => void)[] = []
          const texts: string[] = []
          await connect({ maxInflight: 4 })
          await heard(taking())
          accept = ({ payload }) => {
            texts.push(Buffer.from(payload).toString())
            return new Promise((resolve) => waiting.push(resolve))
          }
          for (let i = 0; i < 10; i++) await send(`${i}`)
          await eventually(() => expect(texts).toHaveLength(4))
          await sleep(100)
          expect(texts).toEqual(['0', '1', '2', '3'])
          // Not in the order in which they came.
          while (texts.length < 10 || waiting.length > 0) {
            waiting.pop()?.()
            await sleep(5)
          }
          expect(texts).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
          // All of them were acknowledged: whoever takes the session over gets nothing again.
          await broker!.close()
          const again = taking()
          await connect({ maxInflight: 4 })
          await heard(again)
          expect(again).toEqual([])
        })

        it('is sent again what was not accepted', async () => {
          await connect()
          await heard(taking())
          let tries = 0
          const texts: string[] = []
          accept = async ({ payload }) => {
            if (++tries < 3) throw new Error('the disk is full')
            texts.push(Buffer.from(payload).toString())
          }
          await send('photo')
          await eventually(() => expect(texts).toEqual(['photo']))
          expect(complaints).toHaveBeenCalledWith(`MQTT broker ${stranger.url}: the disk is full`)
        })

        it('gets what came while it was away, in order', async () => {
          const texts = taking()
          await connect()
          await heard(texts)
          await broker!.close()
          for (let i = 0; i < 50; i++) await send(`${i}`)
          await connect()
          await eventually(() => expect(texts).toHaveLength(50))
          expect(texts).toEqual(Array.from({ length: 50 }, (_, i) => `${i}`))
        })

        it('follows the topics that are wanted, and misses nothing on those that stay', async () => {
          const texts = taking()
          await connect({}, ['photos/+', 'old/#'])
          await heard(texts)
          await heard(texts, 'old/1')
          const sending = (async () => {
            for (let i = 0; i < 100; i++) await send(`${i}`)
          })()
          broker!.follow(['photos/+', 'new/+'])
          await sending
          await eventually(() => expect(texts.filter((text) => /^\d+$/.test(text))).toHaveLength(100))
          await heard(texts, 'new/1')
          await send('nobody wants it', 'old/1')
          await send('last')
          await eventually(() => expect(texts).toContain('last'))
          expect(texts).not.toContain('nobody wants it')
        })

        it('takes what is too large from the broker, and hands it on as that', async () => {
          const texts = taking()
          await connect({ maxBytes: 10_000 })
          await heard(texts)
          await send('x'.repeat(20_000))
          await send('small')
          await eventually(() => expect(texts).toContain('small'))
          // MQTT 5 has the broker keep it to itself.
          expect(oversized).toEqual(protocolVersion === 5 ? [] : ['photos/pi'])
        })

        it('answers while as much is being accepted as may be', async () => {
          const texts: string[] = []
          await connect({ maxInflight: 2 })
          await heard(taking())
          accept = async ({ payload }) => {
            const text = Buffer.from(payload).toString()
            await broker!.publish('receipts/pi', text)
            texts.push(text)
          }
          for (let i = 0; i < 30; i++) await send(`${i}`)
          await eventually(() => expect(texts).toHaveLength(30))
        })

        it('tells devices something', async () => {
          const texts: string[] = []
          device.on('message', (_topic, payload) => texts.push(payload.toString()))
          await device.subscribeAsync('receipts/pi', { qos: 1 })
          accept = async () => {}
          await connect()
          await broker!.publish('receipts/pi', 'on disk')
          await eventually(() => expect(texts).toEqual(['on disk']))
          expect(broker!.listens('receipts/pi')).toBe(true)
        })

        it.skipIf(protocolVersion === 4)('has what a message says about itself', async () => {
          const publications: Publication[] = []
          await connect()
          await heard(taking())
          accept = async (publication) => {
            publications.push(publication)
          }
          const userProperties = { site: 'north', tag: ['a', 'b'] }
          const properties = { contentType: 'text/plain', correlationData: Buffer.from('7'), userProperties }
          await device.publishAsync('photos/pi', 'hello', { qos: 1, properties })
          await eventually(() => expect(publications).toHaveLength(1))
          expect(publications[0]).toMatchObject({ topic: 'photos/pi', qos: 1, contentType: 'text/plain' })
          expect(Buffer.from(publications[0]!.correlationData!).toString()).toBe('7')
          expect(publications[0]!.userProperties).toEqual([
            ['site', 'north'],
            ['tag', 'a'],
            ['tag', 'b'],
          ])
        })

        it.skipIf(name !== 'mosquitto')('loses nothing when the broker is started anew', async () => {
          const texts = taking()
          await connect()
          await heard(texts)
          await broker!.close()
          for (let i = 0; i < 20; i++) await send(`${i}`)
          await stranger.restart!()
          await connect()
          await eventually(() => expect(texts).toHaveLength(20))
        })
      })
    }
  })
}
