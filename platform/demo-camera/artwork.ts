/**
 * Emoji artwork of several makers, from their Iconify packages.
 * @module
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { z } from 'zod'
import { EdgeloopError } from '../../lib/errors/index.ts'

/** A drawing: the inside of an SVG, and the box that it fills. */
export interface Drawing {
  left: number
  top: number
  width: number
  height: number
  body: string
}

/** One maker's drawings by name. */
export interface Maker {
  name: string
  drawings: Map<string, Drawing>
}

const { resolve } = createRequire(import.meta.url)

const ICON_FILES: Record<string, () => string> = {
  'fluent-emoji-flat': () => resolve('@iconify-json/fluent-emoji-flat/icons.json'),
  openmoji: () => resolve('@iconify-json/openmoji/icons.json'),
  twemoji: () => resolve('@iconify-json/twemoji/icons.json'),
  emojione: () => resolve('@iconify-json/emojione/icons.json'),
  noto: () => resolve('@iconify-json/noto/icons.json'),
}

const size = z.number().positive().optional()
const offset = z.number().optional()
/** The part of the IconifyJSON format that is used here. */
const iconSetSchema = z.object({
  icons: z.record(
    z.string(),
    z.object({ body: z.string(), left: offset, top: offset, width: size, height: size })
  ),
  aliases: z.record(z.string(), z.object({ parent: z.string() })).default({}),
  width: z.number().positive().default(16),
  height: z.number().positive().default(16),
})

let loaded: Promise<Maker[]> | undefined

/**
 * Every maker's drawings, read once: 57 MB of JSON take about a second.
 * @throws EdgeloopError UNAVAILABLE when a package is missing, CORRUPT when it is not what it should be
 */
export function loadArtwork(): Promise<Maker[]> {
  loaded ??= loadEach().catch((error) => {
    loaded = undefined
    throw error
  })
  return loaded
}

async function loadEach(): Promise<Maker[]> {
  const makers: Maker[] = []
  // One after the other, so that everything else gets its turn in between.
  for (const [name, file] of Object.entries(ICON_FILES))
    makers.push({ name, drawings: await load(name, file) })
  return makers
}

async function load(name: string, file: () => string): Promise<Map<string, Drawing>> {
  const text = await readText(name, file)
  const parsed = iconSetSchema.safeParse(JSON.parse(text))
  if (!parsed.success)
    throw new EdgeloopError('CORRUPT', `the artwork of ${name} is not in the format expected`, {
      hint: 'Install the dependencies anew: npm ci.',
      cause: parsed.error,
    })
  const { icons, aliases, width, height } = parsed.data
  const drawings = new Map<string, Drawing>()
  for (const [icon, drawing] of Object.entries(icons)) {
    drawings.set(icon, { left: 0, top: 0, width, height, ...drawing })
  }
  for (const [alias, { parent }] of Object.entries(aliases)) {
    const drawing = drawings.get(parent)
    if (drawing) drawings.set(alias, drawing)
  }
  return drawings
}

async function readText(name: string, file: () => string): Promise<string> {
  try {
    return await readFile(file(), 'utf8')
  } catch (cause) {
    throw new EdgeloopError('UNAVAILABLE', `the artwork of ${name} is missing`, {
      hint: 'Install the dependencies (npm ci), or give photos of your own with --photos DIR.',
      cause,
    })
  }
}
