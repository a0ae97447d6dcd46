import { expect, it } from 'vitest'
import { checkLabel, checkPerson } from './index.ts'

const code = 'INVALID_INPUT'

it('a label is any text of a line, and on offer unless it is said to be new', () => {
  expect(checkLabel('cat', ['cat', 'dog'], false)).toBe('cat')
  expect(checkLabel('  Felis catus (Katze) 猫 ', [], true)).toBe('Felis catus (Katze) 猫')
  // A folder's name, as it is.
  expect(checkLabel('cat ', ['cat '], false)).toBe('cat ')
  expect(() => checkLabel('catt', ['cat', 'dog'], false)).toThrow(
    expect.objectContaining({
      code,
      hint: 'labels are cat, dog; for another one, add --new, or "isNew": true',
    })
  )
  for (const wrong of ['', '  ', 'a\nb', '\u001b[2J', 'x'.repeat(101)])
    expect(() => checkLabel(wrong, [], true)).toThrow(expect.objectContaining({ code, where: 'label' }))
})

it('so is a name', () => {
  expect(checkPerson(' Ana Müller ')).toBe('Ana Müller')
  expect(() => checkPerson('\u0007')).toThrow(expect.objectContaining({ code, where: 'by' }))
})
