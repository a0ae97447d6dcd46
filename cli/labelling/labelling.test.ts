import { stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { labelledPhotos, labelSet, peopleAnswers, sampleStore } from '../../lib/dataset/index.ts'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { photoHash } from '../../lib/photo/index.ts'
import type { ObjectStore } from '../../lib/s3/index.ts'
import { BACKBONE, type Bucket, blockPhoto, openBucket, sampleOf } from '../../test/support/index.ts'
import { textOf } from '../terminal/index.ts'
import { renderLabelling, startLabelling } from './index.ts'
import { drawPicture } from './picture.ts'

let bucket: Bucket

/** A terminal is patient; it has a bucket to ask. */
const poll = <T>(look: () => T) => expect.poll(look, { timeout: 15_000 })

beforeAll(async () => {
  bucket = await openBucket()
})

afterAll(() => bucket.close())

/** Photos that wait for a label, the least certain first, and labels that there are. */
async function queueOf(dataset: string, count: number): Promise<string[]> {
  const hashes: string[] = []
  for (let i = 0; i < count; i++) {
    const photo = await blockPhoto(`${dataset} ${i}`)
    const { features: _features, uplink: _uplink, prediction, ...rest } = sampleOf(i, 'review')
    const hash = photoHash(photo)
    const record = {
      ...rest,
      band: 'review' as const,
      photo: { hash, size: photo.length, mediaType: 'image/jpeg' },
      prediction: { ...prediction!, confidence: 0.5 + i / 10 },
      backbone: BACKBONE,
      withPhoto: true,
    }
    await sampleStore(bucket.store, dataset).put({ record, features: null, photo })
    hashes.push(hash)
  }
  for (const label of ['dog', 'cat']) {
    const photo = await blockPhoto(label)
    const reference = { hash: photoHash(photo), size: photo.length, mediaType: 'image/jpeg' as const }
    await labelledPhotos(bucket.store, dataset, 'seed').put({ photo: reference, label }, photo)
  }
  return hashes
}

function start(dataset: string, store = bucket.store) {
  const labelling = startLabelling({
    store,
    dataset,
    edges: [],
    // A cloud that is out of reach keeps nobody waiting.
    publish: () => new Promise(() => {}),
    picture: () => ({ columns: 16, rows: 5, depth: 24 }),
    onChange() {},
  })
  const text = () => renderLabelling(labelling.view(), 24).map(textOf).join('\n')
  const shows = (photo: string | undefined) => poll(() => labelling.view().question?.photo).toBe(photo)
  return { labelling, text, shows }
}

/** What people have said about a photo. */
const given = async (dataset: string, photo: string | undefined) =>
  (await peopleAnswers(bucket.store, dataset).get(photo!))?.answers

it('asks about one photo after the other; digits answer, n skips, w writes', async () => {
  const [first, second, third, fourth] = await queueOf('keys', 4)
  const { labelling, text, shows } = start('keys')
  await shows(first)
  await poll(text).toContain('4 waiting, 0 answered')
  expect(text()).toContain('1 cat   2 dog')
  expect(text()).toContain('▀▀▀▀')
  expect(text()).not.toContain('sure')

  labelling.key('2')
  // Meant for the photo that is gone already: a key too many answers nothing.
  labelling.key('1')
  await shows(second)
  expect(await given('keys', first)).toMatchObject([{ label: 'dog', by: userInfo().username }])
  expect(text()).toContain('You: dog. Version 3: cat, 50 % sure.')

  labelling.key('n')
  await shows(third)
  labelling.key('9')
  for (const key of ['w', 'f', 'o', 'o', 'x', 'backspace', 'backspace', 'x']) labelling.key(key)
  expect(text()).toContain('label fox▏')
  labelling.key('return')
  expect(text()).toContain('No photo has been labelled "fox" so far: enter once more')
  labelling.key('return')
  await shows(fourth)
  expect(labelling.view().labels).toEqual(['cat', 'dog', 'fox'])
  expect(await given('keys', third)).toMatchObject([{ label: 'fox' }])

  labelling.key('1')
  await poll(text).toContain('Only photos wait that you have skipped or answered.')
  expect(await given('keys', second)).toBeUndefined()
  expect(labelling.key('q')).toBe('leave')
  await labelling.close()
})

it('asks again about a photo whose answer was not recorded', async () => {
  const [first] = await queueOf('lost', 1)
  let full = false
  const store: ObjectStore = {
    ...bucket.store,
    putJson(...args) {
      if (full) throw new EdgeloopError('UNAVAILABLE', 'the bucket is full')
      return bucket.store.putJson(...args)
    },
  }
  const { labelling, text, shows } = start('lost', store)
  await shows(first)
  full = true
  labelling.key('2')
  await poll(text).toContain('the bucket is full')
  await shows(first)
  expect(text()).toContain('0 answered')
  full = false
  labelling.key('2')
  await poll(text).toContain('No photo waits for a label.')
  expect(await given('lost', first)).toMatchObject([{ label: 'dog' }])

  const [later] = await queueOf('lost', 2).then((hashes) => hashes.slice(1))
  labelling.key('n')
  await shows(later)
  await labelling.close()
})

it('x is neither of the labels, u takes the last answer back', async () => {
  const [first, second] = await queueOf('back', 2)
  const { labelling, text, shows } = start('back')
  await shows(first)
  labelling.key('u')
  await poll(text).toContain('There is no answer of yours to take back.')
  await shows(first)
  labelling.key('x')
  await shows(second)
  expect(text()).toContain('You: neither. Version 3: cat, 50 % sure.')
  expect(await given('back', first)).toMatchObject([{ label: null, among: ['cat', 'dog'] }])
  labelling.key('u')
  await shows(first)
  expect(text()).toContain('Your last answer is taken back.')
  expect(text()).toContain('0 answered')
  labelling.key('1')
  await shows(second)
  expect(await given('back', first)).toMatchObject([{ label: 'cat' }])
  await labelling.close()
})

it('goes on to the next photo where somebody else was faster', async () => {
  const [first, second] = await queueOf('slow', 2)
  const { labelling, text, shows } = start('slow')
  await shows(first)
  // As at an edge, where nobody knows of claims in the cloud.
  await peopleAnswers(bucket.store, 'slow').record(
    { photo: first!, audit: false, predicted: 'cat' },
    { by: 'ben', at: new Date().toISOString(), label: 'dog', among: ['cat', 'dog'] }
  )
  labelling.key('1')
  await shows(second)
  expect(text()).toContain('ben answered about photo')
  await labelling.close()
})

it('has a digit for each label, and says how well people agree and whether pseudo-labels have stopped', async () => {
  const [first, second] = await queueOf('many', 2)
  for (const label of ['ant', 'bee', 'eel']) await labelSet(bucket.store, 'many').add(label)
  const answers = peopleAnswers(bucket.store, 'many')
  for (const by of ['ana', 'ben'])
    await answers.record(
      { photo: first!, audit: true, predicted: 'cat' },
      { by, at: new Date().toISOString(), label: 'dog', among: ['cat', 'dog'] }
    )
  const { labelling, text, shows } = start('many')
  await shows(second)
  expect(text()).toContain('1 ant   2 bee   3 cat   4 dog   5 eel')
  await poll(text).toContain('1 photo was answered by two or more people, 1 alike.')
  expect(text()).toContain('1 of 1 audited pseudo-labels were wrong (10.0 % to 100.0 %).')
  expect(text()).toContain('Pseudo-labels have stopped: 1 of the newest 1')
  labelling.key('5')
  await poll(text).toContain('You: eel.')
  await labelling.close()
})

it('leaves no photo behind, and says when nothing waits', async () => {
  await queueOf('one', 1)
  const { labelling, text } = start('one')
  await poll(() => labelling.view().file).toBeDefined()
  const file = labelling.view().file!
  expect((await stat(file)).size).toBeGreaterThan(0)
  labelling.key('1')
  await poll(text).toContain('No photo waits for a label.')
  await labelling.close()
  await expect(stat(file)).rejects.toThrow('ENOENT')
})

it('a photo is drawn within its box, in colours that the terminal has', async () => {
  const photo = await blockPhoto('wide', 'png', 64)
  const picture = await drawPicture(photo, { columns: 40, rows: 5 }, 24)
  expect(picture.map((line) => line.length)).toEqual([10, 10, 10, 10, 10])
  expect(picture[0]![0]).toMatchObject({ text: '▀', style: expect.stringMatching(/^38;2;.*;48;2;/) })
  const few = await drawPicture(photo, { columns: 40, rows: 5 }, 8)
  expect(few[0]![0]).toMatchObject({ style: expect.stringMatching(/^38;5;\d+;48;5;\d+$/) })
  expect(await drawPicture(photo, { columns: 40, rows: 5 }, 1)).toEqual([])
})
