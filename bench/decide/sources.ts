/**
 * Foreign pictures, fetched when the benchmark runs and kept nowhere: photo stamps of Tux Paint and backgrounds of GNOME and MATE from
 * Debian, whose authors share them under free licences (GPL-2, CC BY-SA, see each package's copyright file), and the sample images of
 * scikit-image from its wheel (public domain and BSD, see its data's README), without the cat.
 * @module
 */
import { mkdtemp, readdir } from 'node:fs/promises'
import path from 'node:path'
import { execa } from 'execa'
import sharp from 'sharp'

/** Pictures of one origin. */
export interface Source {
  name: string
  /** Paths. */
  files: string[]
}

export interface Sources {
  /** Photos of things and animals, cut out. */
  stamps: Source
  /** Scenes, on which stamps are pasted. */
  scenes: Source[]
  /** Pictures that nothing is pasted on. */
  others: Source
}

const STAMPS = 'usr/share/tuxpaint/stamps'
/** Drawn, or no photo of a thing; and what a model of cats and dogs may well take for one. */
const LEFT_OUT = /cartoon|toys|symbols|dinosaur|mammals\/(cats|dogs)\//

/** Downloads and unpacks what is needed below a directory, or throws what is missing. */
export async function fetchSources(directory: string): Promise<Sources> {
  const stamps = await debian('tuxpaint-stamps-default', directory)
  const gnome = await debian('gnome-backgrounds', directory)
  const mate = await debian('mate-backgrounds', directory)
  const wheel = await scikitImage(directory)
  return {
    stamps: {
      name: 'Tux Paint',
      files: (await pictures(path.join(stamps, STAMPS), /\.png$/)).filter((file) => !LEFT_OUT.test(file)),
    },
    scenes: [
      { name: 'GNOME', files: await readable(await pictures(gnome, /\.(webp|svg)$/)) },
      { name: 'MATE', files: await readable(await pictures(mate, /\.jpg$/)) },
    ],
    others: {
      name: 'scikit-image',
      files: (await pictures(path.join(wheel, 'skimage/data'), /\.(png|jpg)$/)).filter(
        (file) => !file.includes('chelsea')
      ),
    },
  }
}

/** Whether a stamp shows an animal. */
export const isAnimal = (file: string) => file.includes(`${STAMPS}/animals/`)

async function debian(name: string, directory: string): Promise<string> {
  const cwd = await mkdtemp(path.join(directory, `${name}-`))
  await execa('apt-get', ['download', name], { cwd })
  const [file] = await readdir(cwd)
  await execa('dpkg-deb', ['-x', file!, 'unpacked'], { cwd })
  return path.join(cwd, 'unpacked')
}

async function scikitImage(directory: string): Promise<string> {
  const cwd = await mkdtemp(path.join(directory, 'scikit-image-'))
  await execa('pip', ['download', '--no-deps', '--quiet', 'scikit-image'], { cwd })
  const [file] = await readdir(cwd)
  await execa('python3', ['-m', 'zipfile', '-e', file!, 'unpacked'], { cwd })
  return path.join(cwd, 'unpacked')
}

async function pictures(directory: string, kind: RegExp): Promise<string[]> {
  const found = await readdir(directory, { recursive: true })
  return found
    .filter((file) => kind.test(file))
    .sort()
    .map((file) => path.join(directory, file))
}

/** Some are links to what another package holds, or a single colour. */
async function readable(files: string[]): Promise<string[]> {
  const sizes = await Promise.all(
    files.map((file) =>
      sharp(file, { limitInputPixels: false })
        .metadata()
        .then(
          ({ width }) => width,
          () => 0
        )
    )
  )
  return files.filter((_, i) => sizes[i]! >= 500)
}
