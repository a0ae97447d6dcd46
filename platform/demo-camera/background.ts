/**
 * What is behind everything: a room, a landscape, wallpaper, blobs of colour.
 * @module
 */
import type { Random } from '../../lib/random/index.ts'
import { HEIGHT, WIDTH } from './frame.ts'

/** Gives colours that go with each other: a background that shouts would drown what stands before it. */
type Palette = () => string

function palette(random: Random): Palette {
  const [hue, lightness] = [random.integer(360), random.between(30, 75)]
  const near = (value: number, by: number) => Math.round(value + random.between(-by, by))
  return () => `hsl(${near(hue, 40)} ${random.integer(40)}% ${near(lightness, 9)}%)`
}

const gradient = (random: Random, id: string, [from, to]: [string, string]) =>
  `<linearGradient id="${id}" gradientTransform="rotate(${random.integer(180)} .5 .5)">` +
  `<stop offset="0" stop-color="${from}"/><stop offset="1" stop-color="${to}"/></linearGradient>`

const rectangle = (y: number, height: number, fill: string) =>
  `<rect y="${y}" width="${WIDTH}" height="${height}" fill="${fill}"/>`

function room(random: Random, colour: Palette): string {
  const floor = Math.round(HEIGHT * random.between(0.55, 0.85))
  const skirting = `<rect y="${floor - 8}" width="${WIDTH}" height="8" fill="${colour()}"/>`
  const boards = Array.from({ length: 9 }, (_, board) => {
    const x = (board - 1) * 70 + random.integer(20)
    return `<path d="M${x} ${floor}L${(x - WIDTH / 2) * 2 + WIDTH / 2} ${HEIGHT}" stroke="#0003" stroke-width="2"/>`
  }).join('')
  return (
    gradient(random, 'wall', [colour(), colour()]) +
    gradient(random, 'floor', [colour(), colour()]) +
    rectangle(0, floor, 'url(#wall)') +
    rectangle(floor, HEIGHT - floor, 'url(#floor)') +
    skirting +
    (random.chance(0.5) ? boards : '')
  )
}

function landscape(random: Random, colour: Palette): string {
  const hills = Array.from({ length: 2 + random.integer(3) }, (_, hill) => {
    const y = HEIGHT * (0.4 + 0.15 * hill)
    const bend = () => y + random.between(-60, 60)
    return `<path d="M0 ${bend()}C${WIDTH / 3} ${bend()} ${(WIDTH * 2) / 3} ${bend()} ${WIDTH} ${bend()}V${HEIGHT}H0Z" fill="${colour()}"/>`
  })
  return gradient(random, 'sky', [colour(), colour()]) + rectangle(0, HEIGHT, 'url(#sky)') + hills.join('')
}

function wallpaper(random: Random, colour: Palette): string {
  const step = 16 + random.integer(60)
  const motif = random.pick([
    `<rect width="${step / 2}" height="${step}" fill="${colour()}"/>`,
    `<circle cx="${step / 2}" cy="${step / 2}" r="${step / 4}" fill="${colour()}"/>`,
    `<path d="M0 0H${step}V${step}Z" fill="${colour()}"/>`,
    `<rect width="${step}" height="${step / 3}" fill="${colour()}"/><rect width="${step / 3}" height="${step}" fill="${colour()}"/>`,
  ])
  return (
    `<pattern id="paper" width="${step}" height="${step}" patternUnits="userSpaceOnUse" patternTransform="rotate(${random.integer(90)})">${motif}</pattern>` +
    rectangle(0, HEIGHT, colour()) +
    rectangle(0, HEIGHT, 'url(#paper)')
  )
}

function blobs(random: Random, colour: Palette): string {
  const shapes = Array.from({ length: 4 + random.integer(12) }, () => {
    const [x, y] = [random.integer(WIDTH), random.integer(HEIGHT)]
    const [width, height] = [10 + random.integer(120), 10 + random.integer(120)]
    const turn = `transform="rotate(${random.integer(180)} ${x} ${y})" fill="${colour()}"`
    return random.chance(0.5)
      ? `<ellipse cx="${x}" cy="${y}" rx="${width / 2}" ry="${height / 2}" ${turn}/>`
      : `<rect x="${x - width / 2}" y="${y - height / 2}" width="${width}" height="${height}" rx="${random.integer(20)}" ${turn}/>`
  })
  return (
    gradient(random, 'ground', [colour(), colour()]) + rectangle(0, HEIGHT, 'url(#ground)') + shapes.join('')
  )
}

/** One of many backgrounds, as pieces of an SVG of the frame's size. */
export function drawBackground(random: Random): string {
  return random.pick([room, landscape, wallpaper, blobs])(random, palette(random))
}
