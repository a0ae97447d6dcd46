import { appendFile, readFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'

const line = z.tuple([z.string(), z.string()])

/** What is on the photos that the cameras have shown: what people would say. */
export interface Truths {
  /** The label of a photo that was shown; undefined for any other. */
  of(photo: string): string | undefined
  /** Resolves when a restart will know them. */
  add(photos: readonly { photo: string; label: string }[]): Promise<void>
}

/**
 * Opens them in a state directory, one JSON line a photo. To show all earlier photos again instead would take as long as
 * the run did.
 */
export async function openTruths(state: string): Promise<Truths> {
  const file = path.join(state, 'truths.jsonl')
  const text = await readFile(file, 'utf8').catch(() => '')
  const known = new Map(text.split('\n').flatMap(parse))
  return {
    of: (photo) => known.get(photo),
    async add(photos) {
      const lines = photos.map(({ photo, label }) => JSON.stringify([photo, label]))
      // Where a killed process stopped in the middle of a line, the next one must not go on in it.
      if (lines.length > 0) await appendFile(file, `\n${lines.join('\n')}`)
      for (const { photo, label } of photos) known.set(photo, label)
    },
  }
}

/** A line that was cut off is left out: its round is shown again. */
function parse(text: string): [string, string][] {
  try {
    return [line.parse(JSON.parse(text))]
  } catch {
    return []
  }
}
