/**
 * A scene as an SVG: background, clutter, what the photo is about, and perhaps something in front of it.
 * @module
 */
import type { Random } from '../../lib/random/index.ts'
import type { Drawing, Maker } from './artwork.ts'
import { drawBackground } from './background.ts'
import { HEIGHT, WIDTH } from './frame.ts'
import { type Placement, place } from './place.ts'
import { recolour } from './recolour.ts'

/** What scenes are drawn with: for each maker that has any, the drawings of each kind. */
export interface Props {
  subjects: Drawing[][]
  clutter: Drawing[][]
}

/**
 * The drawings that each maker has of the names, in that order. A drawing with two names comes once (a maker may take one
 * cat for two emoji), and a maker without any is left out.
 */
export function drawingsOf(makers: readonly Maker[], names: readonly string[]): Drawing[][] {
  return makers
    .map(({ drawings }) => {
      const found = names.flatMap((name) => drawings.get(name) ?? [])
      return [...new Map(found.map((drawing) => [drawing.body, drawing])).values()]
    })
    .filter((found) => found.length > 0)
}

/** A maker first, then one of its drawings, so that makers with many do not crowd out the others. */
const pickDrawing = (random: Random, byMaker: Drawing[][]) => random.pick(random.pick(byMaker))

/**
 * As `pickDrawing`, but the first ones more often than the last: some sights are common and some are rare, and the rare
 * ones are what is left to learn.
 */
function pickSubject(random: Random, byMaker: Drawing[][]): Drawing {
  const drawings = random.pick(byMaker)
  return drawings[Math.floor(drawings.length * random.next() ** 2)]!
}

function subjectPlacement(random: Random): Placement {
  const height = HEIGHT * random.between(0.8, 1.05)
  // It may leave the middle square of the frame a little, as animals do; what is beside that square, models never see.
  const reach = HEIGHT / 2 - height * 0.45
  return {
    x: WIDTH / 2 + random.between(-reach, reach),
    y: HEIGHT / 2 + random.between(-reach, reach),
    height,
    stretch: random.between(0.9, 1.1),
    rotation: random.normal(0, 4),
    mirrored: random.chance(0.5),
  }
}

function clutterPlacement(random: Random): Placement {
  return {
    x: random.integer(WIDTH),
    y: random.integer(HEIGHT),
    height: random.between(30, 100),
    stretch: random.between(0.9, 1.1),
    rotation: random.normal(0, 30),
    mirrored: random.chance(0.5),
  }
}

/** In front of the subject, on its edge: it hides some of it, but never all. */
function frontPlacement(random: Random, subject: Placement): Placement {
  const angle = random.between(0, 2 * Math.PI)
  const distance = subject.height * random.between(0.45, 0.6)
  return {
    ...clutterPlacement(random),
    x: subject.x + distance * Math.cos(angle),
    y: subject.y + distance * Math.sin(angle),
    height: subject.height * random.between(0.25, 0.5),
  }
}

export function drawScene(random: Random, props: Props): string {
  const subject = subjectPlacement(random)
  const drawn = [drawBackground(random)]
  const draw = (drawing: Drawing, placement: Placement) =>
    drawn.push(place(drawing, placement, `d${drawn.length}-`))
  for (let count = random.integer(3); count > 0; count--)
    draw(pickDrawing(random, props.clutter), clutterPlacement(random))
  // In colours that its maker did not think of.
  const coat = { hue: random.normal(0, 5), saturation: random.between(0.7, 1.2) }
  draw(recolour(pickSubject(random, props.subjects), coat), subject)
  if (random.chance(0.2)) draw(pickDrawing(random, props.clutter), frontPlacement(random, subject))
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${WIDTH}" height="${HEIGHT}">` +
    `${drawn.join('')}</svg>`
  )
}
