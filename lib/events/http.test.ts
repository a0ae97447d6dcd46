import { describe, expect, it } from 'vitest'
import { createEvent, eventRequest, eventResponse, readEvent, readEventResponse } from './index.ts'

const labelled = createEvent('sample.labelled', 'cloud/people', ['photo', 'cat'], {
  photo: 'a'.repeat(64),
  dataset: 'photos',
  label: 'Kätzchen',
  by: 'ana',
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
