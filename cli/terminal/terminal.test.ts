import { PassThrough } from 'node:stream'
import { expect, it } from 'vitest'
import { bar, cut, openScreen, paint, plain, sparkline, style, table, width } from './index.ts'

it('cuts text by columns, whatever it is written in', () => {
  expect(cut('edge-1', 6)).toBe('edge-1')
  expect(cut('edge-one', 6)).toBe('edge-…')
  expect(cut('猫猫猫', 4)).toBe('猫…')
  expect(width('👩‍🌾猫')).toBe(4)
  expect(plain('a\x1b[31mb\u202ec\nd')).toBe('a [31mb c d')
})

it('paints a line in its styles, and no wider than the terminal', () => {
  const line = ['a ', { text: 'cat', style: style.bold }, { text: ' dog', style: style.dim }]
  expect(paint(line, 80, true)).toBe('a \x1b[1mcat\x1b[0m\x1b[2m dog\x1b[0m')
  expect(paint(line, 4, false)).toBe('a c…')
})

it('draws tables, bars and sparklines', () => {
  expect(
    table(
      ['A', 'BB', 'C'],
      [
        ['x', 1, '50.0 %'],
        ['yy', null, '9.5 %'],
      ]
    )
  ).toBe('A   BB  C\nx    1  50.0 %\nyy   –   9.5 %'.replace('BB  C', 'BB       C'))
  expect(bar(0.5, 4)).toBe('██░░')
  expect(bar(7, 4)).toBe('████')
  expect(sparkline([0.5, 0.75, 1])).toBe('▁▅█')
  expect(sparkline([1, 1])).toBe('██')
})

function fakeTerminal() {
  const raw: boolean[] = []
  const input = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (mode: boolean) => void raw.push(mode),
  })
  const output = Object.assign(new PassThrough(), { columns: 20, rows: 3, getColorDepth: () => 8 })
  const pressed: string[] = []
  let interrupts = 0
  let resizes = 0
  const screen = openScreen({
    input,
    output,
    onKey: (key) => pressed.push(key),
    onInterrupt: () => interrupts++,
    onResize: () => resizes++,
  })
  const written = () => String(output.read() ?? '')
  return { input, output, raw, screen, pressed, written, counts: () => ({ interrupts, resizes }) }
}

it('a screen sends only what has changed, and gives the terminal back', () => {
  const { output, raw, screen, written, counts } = fakeTerminal()
  const entered = written()
  expect(entered).toContain('\x1b[?1049h')
  expect(entered).toContain('\x1b[?25l')
  expect(raw).toEqual([true])

  screen.draw([['one'], ['two']])
  expect(written()).toMatch(/one.*two/)
  screen.draw([['one'], ['2']])
  const second = written()
  expect(second).toContain('\x1b[2;1H2')
  expect(second).not.toContain('one')
  screen.draw([['one'], ['2']])
  expect(written()).toBe('')

  output.emit('resize')
  expect(counts().resizes).toBe(1)
  screen.draw([['one'], ['2']])
  expect(written()).toContain('one')

  screen.close()
  const left = written()
  for (const sequence of ['\x1b[?1049l', '\x1b[?25h', '\x1b[?7h']) expect(left).toContain(sequence)
  expect(raw).toEqual([true, false])
  screen.close()
  screen.draw([['late']])
  expect(written()).toBe('')
})

it('a screen reads keys, and takes Ctrl-C for an interrupt', async () => {
  const { input, pressed, screen, counts } = fakeTerminal()
  input.write('a1\x1b[A\x1b[B\r\x7f ü')
  input.write('\x03')
  await expect.poll(() => counts().interrupts).toBe(1)
  expect(pressed).toEqual(['a', '1', 'up', 'down', 'return', 'backspace', ' ', 'ü'])
  screen.close()
})
