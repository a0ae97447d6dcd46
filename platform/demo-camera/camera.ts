/**
 * Draws photos with a known label, for when there are no photos.
 * @module
 */
import { EdgeloopError } from '../../lib/errors/index.ts'
import { createRandom } from '../../lib/random/index.ts'
import { loadArtwork, type Maker } from './artwork.ts'
import { develop } from './develop.ts'
import { drawingsOf, drawScene, type Props } from './scene.ts'
import { CATS_AND_DOGS, CLUTTER } from './vocabulary.ts'

export interface DemoCameraOptions {
  /** Equal seeds give equal scenes. */
  seed: string | number
  /** Each label with the names of icons that show it (cats and dogs). */
  labels?: Readonly<Record<string, readonly string[]>>
}

export interface DemoScene {
  /** A JPEG of 480 by 360 pixels. */
  bytes: Uint8Array
  /** What it shows. */
  label: string
}

export interface DemoCamera {
  readonly labels: readonly string[]
  /**
   * What the scene with this number shows, without drawing it.
   * @throws EdgeloopError INVALID_INPUT when it is no number of a scene
   */
  label(index: number): string
  /**
   * The scene with this number (0, 1, 2, …), always the same for a seed. Of as many scenes in a row as there are labels,
   * counted from 0, each has another label.
   * @throws EdgeloopError UNAVAILABLE when the artwork is not installed, INVALID_INPUT when no maker has an icon for a
   * label
   */
  scene(index: number): Promise<DemoScene>
}

/** @throws EdgeloopError INVALID_INPUT */
export function createDemoCamera({ seed, labels = CATS_AND_DOGS }: DemoCameraOptions): DemoCamera {
  const names = Object.keys(labels)
  if (names.length < 2)
    throw new EdgeloopError(
      'INVALID_INPUT',
      `a demo camera needs at least two labels, and got ${names.length}`
    )
  const random = createRandom(seed).fork('demo camera')
  let props: Promise<Map<string, Props>> | undefined
  function label(index: number): string {
    if (!Number.isSafeInteger(index) || index < 0)
      throw new EdgeloopError('INVALID_INPUT', `a scene has a whole number from 0, and not ${index}`)
    const round = Math.floor(index / names.length)
    return random.fork(`labels ${round}`).shuffle(names)[index % names.length]!
  }

  return {
    labels: names,
    label,
    async scene(index) {
      const shown = label(index)
      props ??= loadArtwork().then((makers) => propsOf(makers, labels))
      const ofScene = random.fork(index)
      const svg = drawScene(ofScene.fork('drawing'), (await props).get(shown)!)
      return { bytes: await develop(svg, ofScene.fork('photo')), label: shown }
    },
  }
}

function propsOf(makers: Maker[], labels: Readonly<Record<string, readonly string[]>>): Map<string, Props> {
  const clutter = drawingsOf(makers, CLUTTER)
  return new Map(
    Object.entries(labels).map(([label, icons]) => {
      const subjects = drawingsOf(makers, icons)
      if (subjects.length > 0) return [label, { subjects, clutter }]
      throw new EdgeloopError('INVALID_INPUT', `no maker has an icon for the label ${label}`, {
        where: icons.join(', '),
        hint: `Makers: ${makers.map((maker) => maker.name).join(', ')}. Look the names up at icones.js.org.`,
      })
    })
  )
}
