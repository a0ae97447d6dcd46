import { crc32, deflateSync } from 'node:zlib'
import sharp, { type Sharp } from 'sharp'
import { blockPhoto } from './photos.ts'

/** A valid PNG of black pixels, one bit each: small to send, huge to decode. */
export function blackPng(side: number): Uint8Array {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(side, 0)
  header.writeUInt32BE(side, 4)
  header[8] = 1
  const row = 1 + Math.ceil(side / 8)
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    pngChunk('IHDR', header),
    pngChunk('IDAT', deflateSync(Buffer.alloc(row * side))),
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
    name: 'a TIFF of several pages',
    bytes: async () =>
      sharp(await blockPhoto(1))
        .tiff()
        .toBuffer(),
    status: 415,
  },
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

async function pages(format: 'gif' | 'webp', first?: Uint8Array): Promise<Uint8Array> {
  const frames = [first ?? (await blockPhoto(1)), await blockPhoto(2), await blockPhoto(3)]
  const side = (await sharp(frames[0]).metadata()).width
  const images = await Promise.all(frames.map((frame) => sharp(frame).resize(side, side).png().toBuffer()))
  return sharp(images, { join: { animated: true } })
    .toFormat(format, { lossless: true })
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
