import { describe, expect, it } from 'vitest'
import { loadArtwork } from './artwork.ts'
import { place } from './place.ts'
import { recolour } from './recolour.ts'
import { drawingsOf } from './scene.ts'
import { CATS_AND_DOGS, CLUTTER } from './vocabulary.ts'

const drawing = (body: string) => ({ left: 0, top: 0, width: 32, height: 32, body })
const placement = { x: 100, y: 50, height: 64, stretch: 1, rotation: 0, mirrored: false }

describe('place', () => {
  it('gives ids of a drawing that two drawings cannot share', () => {
    const body = '<defs><linearGradient id="a"/></defs><use xlink:href="#a"/><path fill="url(#a)"/>'
    const placed = place(drawing(body), placement, 'd1-')
    expect(placed).toContain('id="d1-a"')
    expect(placed).toContain('href="#d1-a"')
    expect(placed).toContain('url(#d1-a)')
  })

  it('puts the centre where it was asked for, in the size asked for', () => {
    expect(place(drawing(''), placement, '')).toContain(
      'translate(100 50) rotate(0) scale(2 2) translate(-16 -16)'
    )
    expect(place(drawing(''), { ...placement, mirrored: true }, '')).toContain('scale(-2 2)')
  })
})

describe('recolour', () => {
  const coloured = (hue: number, saturation: number, body: string) =>
    recolour(drawing(body), { hue, saturation }).body

  it('leaves colours, references and everything else as they are, when it changes nothing', () => {
    const body =
      '<path fill="#ff8040" stroke="#123456"/><use href="#fff"/><path fill="url(#abc)" stroke="none"/>'
    expect(coloured(0, 1, body)).toBe(body)
  })

  it('makes grey of any colour, and leaves grey grey', () => {
    expect(coloured(0, 0, '<path fill="#f00"/>')).toBe('<path fill="#363636"/>')
    expect(coloured(90, 1.5, '<path fill="#808080"/>')).toBe('<path fill="#808080"/>')
  })

  it('turns red to green to blue', () => {
    const strongest = (body: string) => {
      const channels = [1, 3, 5].map((at) =>
        Number.parseInt(body.slice(body.indexOf('#') + at).slice(0, 2), 16)
      )
      return channels.indexOf(Math.max(...channels))
    }
    expect([0, 120, 240].map((hue) => strongest(coloured(hue, 1, '<path fill="#c02020"/>')))).toEqual([
      0, 1, 2,
    ])
  })
})

describe('the artwork', () => {
  it('has cats, dogs and clutter of five makers that differ', async () => {
    const makers = await loadArtwork()
    for (const names of [...Object.values(CATS_AND_DOGS), CLUTTER]) {
      const byMaker = drawingsOf(makers, names)
      expect(byMaker).toHaveLength(5)
      const bodies = byMaker.flat().map((drawing) => drawing.body)
      expect(new Set(bodies).size).toBe(bodies.length)
    }
  })
})
