// Makes an SVG of a terminal's content, as `tmux capture-pane -e -p` prints it:
//
//     tmux capture-pane -e -p | node scripts/terminal-picture.mjs "npm start" > docs/images/npm-start.svg
import { text } from 'node:stream/consumers'
import { stripVTControlCharacters } from 'node:util'

const CELL = { width: 8.4, height: 18, font: 14 }
const MARGIN = 16
const BAR = 32
const COLOURS = { text: '#d5dae3', dim: '#7d8799', window: '#171b24', bar: '#242a36' }
const PALETTE = ['#3b4252', '#f0717b', '#8fd06a', '#e9c46a', '#6aa9f4', '#c792ea', '#5ccfe6', '#d5dae3']
const FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"

const title = process.argv[2] ?? 'terminal'
const lines = (await text(process.stdin)).replace(/\n+$/, '').split('\n')
const columns = Math.max(...lines.map((line) => [...stripVTControlCharacters(line)].length))
const width = Math.ceil(columns * CELL.width + 2 * MARGIN)
const height = lines.length * CELL.height + BAR + 2 * MARGIN - 8
// What tmux turns on in one line, it turns off in a later one.
let style = {}

process.stdout.write(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<title>${escaped(title)}</title>
<rect width="${width}" height="${height}" rx="10" fill="${COLOURS.window}"/>
<path d="M0 ${BAR}V10A10 10 0 0 1 10 0H${width - 10}A10 10 0 0 1 ${width} 10V${BAR}Z" fill="${COLOURS.bar}"/>
${['#ff5f57', '#febc2e', '#28c840'].map((colour, i) => `<circle cx="${20 + i * 20}" cy="16" r="6" fill="${colour}"/>`).join('')}
<g font-family="${FONTS}" font-size="${CELL.font}" xml:space="preserve" shape-rendering="crispEdges">
<text x="${width / 2}" y="21" fill="${COLOURS.dim}" text-anchor="middle">${escaped(title)}</text>
${lines.map(drawLine).filter(Boolean).join('\n')}
</g>
</svg>
`)

function drawLine(line, row) {
  const y = BAR + MARGIN - 8 + row * CELL.height
  let column = 0
  return runsOf(line)
    .map(({ signs, style }) => {
      const x = MARGIN + column * CELL.width
      column += signs.length
      return drawRun(signs, style, x, y)
    })
    .join('')
}

/** Blocks are drawn and not written: fonts leave gaps between them. */
function drawRun(signs, style, x, y) {
  const fill = style.colour ?? (style.dim ? COLOURS.dim : COLOURS.text)
  const wide = round(signs.length * CELL.width)
  const behind = style.behind ? rect(x, y, wide, CELL.height, style.behind) : ''
  if (/^[▀▁-█░]+$/u.test(signs.join('')))
    return behind + signs.map((sign, i) => block(sign, x + i * CELL.width, y, fill)).join('')
  const words = signs.join('')
  if (words.trim() === '') return behind
  const weight = style.bold ? ' font-weight="bold"' : ''
  return `${behind}<text x="${round(x)}" y="${y + 14}" fill="${fill}"${weight} textLength="${wide}" lengthAdjust="spacingAndGlyphs">${escaped(words)}</text>`
}

function block(sign, x, y, fill) {
  if (sign === '▀') return rect(x, y, CELL.width, CELL.height / 2, fill)
  if (sign === '░') return rect(x, y + 3, CELL.width, CELL.height - 6, COLOURS.bar)
  const eighths = '▁▂▃▄▅▆▇█'.indexOf(sign) + 1
  const high = ((CELL.height - 6) * eighths) / 8
  return rect(x, y + CELL.height - 3 - high, CELL.width, high, fill)
}

function rect(x, y, wide, high, fill) {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(wide)}" height="${round(high)}" fill="${fill}"/>`
}

/** Pieces of a line in one style each, and blocks apart from words. */
function runsOf(line) {
  const runs = []
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a terminal understands
  for (const part of line.split(/(\x1b\[[\d;]*m)/)) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: as above
    const codes = /^\x1b\[([\d;]*)m$/.exec(part)
    if (codes) style = applyCodes(style, codes[1].split(';').map(Number))
    else for (const piece of part.match(/[▀▁-█░]+|[^▀▁-█░]+/gu) ?? []) runs.push({ signs: [...piece], style })
  }
  return runs
}

function applyCodes(before, codes) {
  const style = { ...before }
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]
    if (code === 0) for (const key of Object.keys(style)) delete style[key]
    else if (code === 1) style.bold = true
    else if (code === 2) style.dim = true
    else if (code === 22) style.bold = style.dim = false
    else if (code >= 30 && code <= 37) style.colour = PALETTE[code - 30]
    else if (code === 39) style.colour = undefined
    else if (code === 49) style.behind = undefined
    else if (code === 38 || code === 48) {
      const deep = codes[i + 1] === 2
      const colour = deep ? rgb(codes.slice(i + 2, i + 5)) : cube(codes[i + 2])
      style[code === 38 ? 'colour' : 'behind'] = colour
      i += deep ? 4 : 2
    }
  }
  return style
}

/** The colours 16 to 231 of 256, and the greys after them. */
function cube(index) {
  if (index < 16) return PALETTE[index % 8]
  if (index >= 232) return rgb(Array(3).fill(8 + (index - 232) * 10))
  const at = (power) => [0, 95, 135, 175, 215, 255][Math.floor((index - 16) / power) % 6]
  return rgb([at(36), at(6), at(1)])
}

function rgb(values) {
  return `#${values.map((value) => value.toString(16).padStart(2, '0')).join('')}`
}

function round(value) {
  return Math.round(value * 100) / 100
}

function escaped(words) {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
