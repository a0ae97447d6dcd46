import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp, { type Sharp } from 'sharp'
import { decodeFloat16Base64 } from '../../lib/float16/index.ts'
import type { FolderPhoto } from '../../platform/photo-folder/index.ts'
import { createLooker, type Look } from '../simulated-edge/look.ts'
import type { LabelledLook } from '../simulated-edge/model.ts'

/** What may happen to a camera. */
export const CHANGES = {
  none: undefined,
  blur: (photo: Sharp) => photo.blur(3),
  rotation: (photo: Sharp) => photo.rotate(90),
  exposure: (photo: Sharp) => photo.linear(0.45, 0),
} satisfies Record<string, ((photo: Sharp) => Sharp) | undefined>
export type Change = keyof typeof CHANGES

/** Looks take longer than everything that is learnt from them. */
const cache = fileURLToPath(new URL('../../.cache/bench/looks/', import.meta.url))

/** What classify sees in photos, as they are or changed; kept for the next time. */
export async function looksOf(photos: readonly FolderPhoto[], change: Change): Promise<LabelledLook[]> {
  await mkdir(cache, { recursive: true })
  const key = createHash('sha256')
    .update([change, String(CHANGES[change]), ...photos.map(({ hash }) => hash)].join('\n'))
    .digest('hex')
  const file = path.join(cache, `${key.slice(0, 16)}.json`)
  const kept = await readFile(file, 'utf8').then(JSON.parse, () => undefined)
  const looks: Stored[] = kept ?? (await compute(photos, change))
  if (!kept) await writeFile(file, JSON.stringify(looks))
  return photos.map(({ label, name }, i) => ({ ...restored(looks[i]!), label, name }))
}

type Stored = Omit<Look, 'features'>

const restored = (look: Stored): Look => ({ ...look, features: decodeFloat16Base64(look.encoded.values) })

async function compute(photos: readonly FolderPhoto[], change: Change): Promise<Stored[]> {
  const looker = await createLooker()
  try {
    const looks: Stored[] = []
    for (const { path: file } of photos) {
      const { features: _features, ...look } = await looker.look(await changed(await readFile(file), change))
      looks.push(look)
      if (looks.length % 100 === 0) process.stderr.write(`photos, ${change}: ${looks.length}\n`)
    }
    return looks
  } finally {
    await looker.close()
  }
}

async function changed(photo: Buffer, change: Change): Promise<Buffer> {
  const apply = CHANGES[change]
  return apply ? apply(sharp(photo)).jpeg({ quality: 85 }).toBuffer() : photo
}
