import { afterEach, expect, it, vi } from 'vitest'
import { openPage } from './opened-page.fixture.ts'
import { serveQueue } from './served-queue.fixture.ts'

let served: Awaited<ReturnType<typeof serveQueue>>
let page: Awaited<ReturnType<typeof openPage>>

async function open(token?: string | null) {
  served = await serveQueue(token)
  return openPage(served.url)
}
afterEach(async () => {
  await page.close()
  await served.close()
})
const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 10_000, interval: 10 })
const signIn = (token = 'the-edges-token') => page.submit('sign-in', { name: ' ana ', token })

it('asks for a name and the token, keeps them for this tab, and says when the token is wrong', async () => {
  page = await open()
  await eventually(() => expect(page.shown()).toBe('sign-in'))
  expect(page.isHidden('token-field')).toBe(false)
  signIn('wrong')
  await eventually(() => expect(page.text('problem')).toContain('token'))
  expect(page.shown()).toBe('sign-in')
  signIn()
  await eventually(() => expect(page.shown()).toBe('idle'))
  expect(page.text('problem')).toBe('')
  expect([...page.stored.values()].sort()).toEqual(['ana', 'the-edges-token'])
})

it('shows one photo after the other, tells the model’s guess afterwards, and counts what waits', async () => {
  page = await open()
  const [first, second, third] = [await served.add(0.3), await served.add(0.4), await served.add(0.6)]
  signIn()
  await eventually(async () => expect(await page.photo()).toContain('0.3'))
  expect(page.labels()).toEqual(['ant', 'bee'])
  await eventually(() => expect(page.text('waiting')).toBe('3 wait, 0 answered'))
  expect(page.text('told')).toBe('')

  page.press('2')
  // A second press before the next photo is there answers nothing.
  page.press('2')
  await eventually(async () => expect(await page.photo()).toContain('0.4'))
  expect(page.text('told')).toBe('You said bee. The model took it for ant (30 %).')
  expect([served.said(first), served.said(second)]).toEqual([['ana: bee'], []])

  await eventually(() => expect(page.text('waiting')).toBe('2 wait, 1 answered'))
  page.press('x')
  await eventually(async () => expect(await page.photo()).toContain('0.6'))
  expect([page.text('told').slice(0, 18), served.said(second)]).toEqual(['You found neither.', ['ana: null']])

  page.press('u')
  await eventually(async () => expect(await page.photo()).toContain('0.4'))
  expect(served.said(second)).toEqual([])
  page.press('n')
  await eventually(async () => expect(await page.photo()).toContain('0.6'))
  page.submit('another', { 'another-label': 'wasp' })
  await eventually(() => expect(page.shown()).toBe('idle'))
  expect([served.said(second), served.said(third)]).toEqual([[], ['ana: wasp']])

  const later = await served.add(0.5)
  page.wait()
  await eventually(async () => expect(await page.photo()).toContain('0.5'))
  expect(page.labels()).toEqual(['ant', 'bee', 'wasp'])
  page.press('3')
  await eventually(() => expect(served.said(later)).toEqual(['ana: wasp']))
})

it('goes on where somebody else was faster', async () => {
  page = await open()
  const [first] = [await served.add(0.3), await served.add(0.4)]
  signIn()
  await eventually(async () => expect(await page.photo()).toContain('0.3'))
  // In another tab.
  await served.queue.skip(first, 'ana')
  await served.queue.answer({ photo: first, by: 'ben', label: 'ant' })
  page.press('1')
  await eventually(() => expect(page.text('problem')).toContain('ben answered about'))
  await eventually(async () => expect(await page.photo()).toContain('0.4'))
  expect(served.said(first)).toEqual(['ben: ant'])
})

it('keeps its question while the edge is out of reach', async () => {
  page = await open()
  const photo = await served.add(0.3)
  signIn()
  await eventually(async () => expect(await page.photo()).toContain('0.3'))
  page.cut(true)
  page.press('1')
  await eventually(() => expect(page.text('problem')).toContain('out of reach'))
  expect(page.shown()).toBe('asking')
  page.cut(false)
  page.press('1')
  await eventually(() => expect(page.shown()).toBe('idle'))
  expect([page.text('problem'), served.said(photo)]).toEqual(['', ['ana: ant']])
})

it('asks for no token where none is needed', async () => {
  page = await open(null)
  await eventually(() => expect(page.isHidden('token-field')).toBe(true))
  page.submit('sign-in', { name: 'ana' })
  await eventually(() => expect(page.shown()).toBe('idle'))
})
