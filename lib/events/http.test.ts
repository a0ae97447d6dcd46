import { describe, expect, it } from 'vitest'
import {
  createEvent,
  encodeStructured,
  eventRequest,
  eventResponse,
  readEvent,
  readEventResponse,
} from './index.ts'

const labelled = createEvent('sample.labelled', 'cloud/people', ['photo', 'cat'], {
  photo: 'a'.repeat(64),
  dataset: 'photos',
  edge: null,
  audit: false,
  predicted: 'Hund',
  label: 'Kätzchen',
  by: 'ana',
  at: '2026-07-31T12:00:00.000Z',
  among: ['Hund', 'Kätzchen'],
})

function post(headers: Record<string, string>, body: string): Request {
  return new Request('http://function/', { method: 'POST', headers, body })
}

describe('events over HTTP', () => {
  it('travel in binary mode', async () => {
    expect(await readEvent(eventRequest('http://function/', labelled), ['sample.labelled'])).toEqual(labelled)
    expect(await readEventResponse(eventResponse(labelled))).toEqual(labelled)
  })

  it('are read in structured mode', async () => {
    const request = post(
      { 'content-type': 'application/cloudevents+json; charset=utf-8' },
      JSON.stringify({ specversion: '1.0', datacontenttype: 'application/json', ...labelled })
    )
    expect(await readEvent(request, ['sample.labelled'])).toEqual(labelled)
  })

  it('are read whatever curl says of what it sends, and however a media type is written', async () => {
    const { headers } = eventRequest('http://function/', labelled)
    const body = JSON.stringify(labelled.data)
    for (const type of [
      'application/x-www-form-urlencoded',
      'text/plain',
      'application/json;charset=UTF-8',
    ]) {
      headers.set('content-type', type)
      expect(await readEvent(post(Object.fromEntries(headers), body), ['sample.labelled'])).toEqual(labelled)
    }
    const structured = post({ 'content-type': 'Application/CloudEvents+JSON' }, encodeStructured(labelled))
    expect(await readEvent(structured, ['sample.labelled'])).toEqual(labelled)
  })

  it('whose body breaks off are no fault of anybody', async () => {
    const { headers } = eventRequest('http://function/', labelled)
    const init: RequestInit & { duplex: 'half' } = {
      ...{ method: 'POST', headers, duplex: 'half' },
      body: new ReadableStream({ pull: (controller) => controller.error(new Error('line cut')) }),
    }
    await expect(readEvent(new Request('http://function/', init), ['sample.labelled'])).rejects.toMatchObject(
      {
        code: 'UNAVAILABLE',
        message: expect.stringContaining('line cut'),
      }
    )
  })

  it.each([
    ['binary', Object.fromEntries(eventRequest('http://function/', labelled).headers)],
    ['structured', { 'content-type': 'application/cloudevents+json' }],
  ])('over 1 MiB in %s mode are refused before they are in memory', async (_mode, headers) => {
    let sent = 0
    const init: RequestInit & { duplex: 'half' } = {
      ...{ method: 'POST', headers, duplex: 'half' },
      body: new ReadableStream({
        pull(controller) {
          sent += 2 ** 16
          if (sent > 2 ** 26) controller.close()
          else controller.enqueue(new Uint8Array(2 ** 16).fill(0x20))
        },
      }),
    }
    await expect(readEvent(new Request('http://function/', init), ['sample.labelled'])).rejects.toMatchObject(
      { code: 'TOO_LARGE', status: 413, message: 'the event has more than 1048576 bytes' }
    )
    expect(sent).toBeLessThan(2 ** 21)
  })

  it('have the same id for the same thing, and another for another', () => {
    const { data } = labelled
    expect(createEvent('sample.labelled', 'elsewhere', ['photo', 'cat'], data).id).toBe(labelled.id)
    expect(createEvent('sample.labelled', 'elsewhere', ['photo', 'dog'], data).id).not.toBe(labelled.id)
    expect(createEvent('sample.labelled', 'elsewhere', ['photocat'], data).id).not.toBe(labelled.id)
  })

  const binary = {
    'ce-specversion': '1.0',
    'ce-id': '1',
    'ce-source': 's',
    'content-type': 'application/json',
  }
  it.each([
    ['no event', { 'content-type': 'application/json' }, '{}', 'carries no CloudEvent'],
    ['missing attributes', { 'ce-type': 'sample.labelled' }, '{}', 'not a CloudEvent'],
    ['broken JSON', { ...binary, 'ce-type': 'sample.labelled' }, '{"photo', 'not a CloudEvent'],
    ['an unknown type', { ...binary, 'ce-type': 'photo.eaten' }, '{}', 'unknown event type "photo.eaten"'],
    ['a type for others', { ...binary, 'ce-type': 'photo.captured' }, '{}', 'photo.captured'],
    ['wrong data', { ...binary, 'ce-type': 'sample.labelled' }, '{"photo":"x"}', 'SHA-256'],
    ['nothing', { 'content-type': 'application/cloudevents+json' }, '', 'not a CloudEvent'],
    ['null', { 'content-type': 'application/cloudevents+json' }, 'null', 'not a CloudEvent'],
    ['a batch', { 'content-type': 'application/cloudevents-batch+json' }, '[]', 'batches'],
  ])('refuse %s with a reason', async (_what, headers, body, message) => {
    await expect(readEvent(post(headers, body), ['sample.labelled'])).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining(message),
    })
  })

  it('name the field that is wrong', async () => {
    const request = post({ ...binary, 'ce-type': 'sample.labelled' }, '{"photo":"x"}')
    await expect(readEvent(request, ['sample.labelled'])).rejects.toMatchObject({ where: 'data.photo' })
  })
})
