import { expect, it } from 'vitest'
import { createRandom } from '../random/index.ts'
import { judgeDrift } from './index.ts'

const seen = (foreign: number, photos: number) => Array.from({ length: photos }, (_, i) => i < foreign)

it.each([
  [0, 0, false],
  [4, 4, false],
  [5, 5, true],
  [12, 40, false],
  [13, 40, true],
])('%i foreign ones of %i: %s', (foreign, photos, drifting) => {
  expect(judgeDrift(seen(foreign, photos))).toMatchObject({ foreign, photos, drifting })
})

it('looks at the latest photos only', () => {
  expect(judgeDrift([...seen(40, 40), ...seen(0, 40)])).toMatchObject({
    photos: 40,
    foreign: 0,
    drifting: false,
  })
})

it('is quiet for a year of photos that are as foreign as good ones are', () => {
  const random = createRandom('quiet')
  const flags: boolean[] = []
  let alarms = 0
  for (let i = 0; i < 20_000; i++) {
    flags.push(random.chance(0.06))
    if (flags.length > 40) flags.shift()
    if (judgeDrift(flags).drifting) alarms++
  }
  expect(alarms).toBe(0)
})
