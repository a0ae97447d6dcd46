import { crc32, deflateSync } from 'node:zlib'
import sharp, { type Sharp } from 'sharp'
import { blockPhoto } from './photos.ts'

interface PngHeader {
  /** Bits of a value. */
  depth?: 1 | 8 | 16
  /** Red, green, blue and alpha; grey without it. */
  rgba?: boolean
  /** In seven passes: whoever decodes it has all of it in memory. */
  interlaced?: boolean
}

/** Where each pass of Adam7 begins, and its steps: x, y, dx, dy. PNG 1.2, section 2.6 */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const

/** A valid PNG of black pixels: small to send, huge to decode. */
export function blackPng(side: number, { depth = 1, rgba = false, interlaced = false }: PngHeader = {}) {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(side, 0)
  header.writeUInt32BE(side, 4)
  header[8] = depth
  header[9] = rgba ? 6 : 0
  header[12] = Number(interlaced)
  const passes = interlaced ? PASSES : ([[0, 0, 1, 1]] as const)
  let size = 0
  for (const [x, y, dx, dy] of passes) {
    const width = Math.ceil((side - x) / dx)
    size += Math.ceil((side - y) / dy) * (1 + Math.ceil((width * depth * (rgba ? 4 : 1)) / 8))
  }
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    pngChunk('IHDR', header),
    pngChunk('IDAT', deflateSync(Buffer.alloc(size), { level: 1 })),
    pngChunk('IEND', Buffer.alloc(0)),
  ])
}

function pngChunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const around = Buffer.alloc(8)
  around.writeUInt32BE(data.length, 0)
  around.writeUInt32BE(crc32(body), 4)
  return Buffer.concat([around.subarray(0, 4), body, around.subarray(4)])
}

/** What nobody should have to send, and what may happen to it. */
export interface HostileInput {
  name: string
  bytes(): Promise<Uint8Array>
  /** The status that HTTP answers with. */
  status: 400 | 413 | 415 | 422
}

export const BROKEN: HostileInput[] = [
  { name: 'text', bytes: async () => Buffer.from('I am a cat'), status: 415 },
  { name: 'a web page', bytes: async () => Buffer.from('<!doctype html><h1>404</h1>'), status: 415 },
  { name: 'a truncated JPEG', bytes: async () => half(await blockPhoto(1, 'jpeg', 400)), status: 422 },
  { name: 'a truncated PNG', bytes: async () => half(await blockPhoto(1, 'png', 400)), status: 422 },
  { name: 'only the start of a JPEG', bytes: async () => (await blockPhoto(1)).slice(0, 4), status: 422 },
  { name: 'a PNG of 30,000 × 30,000 pixels', bytes: async () => blackPng(30_000), status: 413 },
  { name: 'an animated GIF', bytes: () => pages('gif'), status: 415 },
  {
    name: 'an interlaced PNG of 7,000 × 7,000 pixels with 16 bits and alpha',
    bytes: async () => blackPng(7000, { depth: 16, rgba: true, interlaced: true }),
    status: 413,
  },
  { name: 'a TIFF of several pages', bytes: () => pages('tiff'), status: 415 },
  {
    name: 'an SVG',
    bytes: async () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'),
    status: 415,
  },
]

/** Unusual photos that show the same as the plain one, and must get its answer. */
export const UNUSUAL: { name: string; bytes(plain: Uint8Array): Promise<Uint8Array> }[] = [
  {
    name: 'a JPEG in CMYK',
    bytes: (plain) => sharp(plain).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer(),
  },
  { name: 'a PNG of 16 bits', bytes: (plain) => sharp(plain).toColourspace('rgb16').png().toBuffer() },
  { name: 'a PNG with transparency', bytes: (plain) => sharp(plain).ensureAlpha(1).png().toBuffer() },
  { name: 'an animated WebP', bytes: (plain) => animate(plain) },
  ...[2, 3, 4, 5, 6, 7, 8].map((orientation) => ({
    name: `EXIF orientation ${orientation}`,
    bytes: (plain: Uint8Array) => turned(plain, orientation),
  })),
]

const half = (bytes: Uint8Array) => bytes.slice(0, Math.floor(bytes.length / 2))

async function pages(format: 'gif' | 'tiff' | 'webp', first?: Uint8Array): Promise<Uint8Array> {
  const frames = [first ?? (await blockPhoto(1)), await blockPhoto(2), await blockPhoto(3)]
  const side = (await sharp(frames[0]).metadata()).width
  const images = await Promise.all(frames.map((frame) => sharp(frame).resize(side, side).png().toBuffer()))
  return sharp(images, { join: { animated: true } })
    .toFormat(format, format === 'webp' ? { lossless: true } : {})
    .toBuffer()
}

const animate = (plain: Uint8Array) => pages('webp', plain)

/** Stores the photo turned or mirrored, with the EXIF orientation that undoes it. EXIF 2.32, tag 0x0112. */
async function turned(plain: Uint8Array, orientation: number): Promise<Uint8Array> {
  // Sharp mirrors before it turns, in whichever order it is told.
  const undo: Record<number, (image: Sharp) => Sharp> = {
    2: (image) => image.flop(),
    3: (image) => image.rotate(180),
    4: (image) => image.flip(),
    5: (image) => image.flop().rotate(270),
    6: (image) => image.rotate(270),
    7: (image) => image.flop().rotate(90),
    8: (image) => image.rotate(90),
  }
  const stored = await undo[orientation]!(sharp(plain)).png().toBuffer()
  return sharp(stored)
    .withMetadata({ orientation })
    .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
    .toBuffer()
}
