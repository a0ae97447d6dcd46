/**
 * What the official connector does, in JavaScript: one message after the other, acknowledged before the function is asked,
 * nothing on disk, nothing again. https://github.com/openfaas/mqtt-connector
 *
 * Without a function it only receives: what the broker gives.
 * @module
 */
import { Agent, request } from 'node:http'
import mqtt from 'mqtt'

const { BROKER_URL, TOPIC, FUNCTION_URL } = process.env
const agent = new Agent({ keepAlive: true })
let count = 0
let first = 0
let last = 0

const client = mqtt.connect(BROKER_URL!, { clientId: 'serial', clean: false })
client.on('connect', ({ sessionPresent }) => {
  if (sessionPresent) process.send!('ready')
  else client.subscribe(TOPIC!, { qos: 1 }, () => process.send!('ready'))
})

/** Messages that have been acknowledged and wait for the function. */
let queue: Promise<void> = Promise.resolve()
client.on('message', (_topic, payload) => {
  if (FUNCTION_URL) queue = queue.then(() => invoke(payload))
  else note()
})

function note(): void {
  last = performance.now()
  if (count++ === 0) first = last
}

function invoke(body: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const headers = { 'content-length': body.length, 'x-connector': 'serial' }
    request(FUNCTION_URL!, { method: 'POST', agent, headers }, (response) => {
      response.resume().on('end', () => {
        note()
        resolve()
      })
    })
      .on('error', () => resolve())
      .end(body)
  })
}

process.on('message', () => process.send!({ count, first, last }))
