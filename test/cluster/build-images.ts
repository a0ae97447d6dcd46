import { mkdir, readdir } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle, PROCESSES } from '../../deploy/images/index.ts'
import { deploymentsOf, handlersOf, readStack } from '../../lib/stack/index.ts'
import {
  type Image,
  type Layer,
  type LayerContent,
  libraryContent,
  packLayer,
  programContent,
  writeArchive,
} from './images/index.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const server = path.join(root, 'templates/node-typescript/main.ts')

export const EDGELOOP_IMAGE = 'registry.local/edgeloop:0.1.0'

/**
 * Builds Edgeloop's own image and one for each function of stack.yml, all on one layer that holds Node.
 *
 * @param tags the tags that each function's image gets; the first one is that of stack.yml
 * @returns an archive of them
 */
export async function buildImages(directory: string, tags: readonly string[]): Promise<string> {
  await mkdir(directory, { recursive: true })
  const own = path.join(directory, 'edgeloop')
  await bundle({ processes: PROCESSES, directory: own, backbone: true })
  const node = await packLayer(path.join(directory, 'node.tar'), {
    ...(await programContent(process.execPath)),
    ...(await addonLibraries(own)),
  })
  const images = [imageOf(EDGELOOP_IMAGE, node, await appLayer(own), 'gateway.js')]

  const stack = await readStack(path.join(root, 'stack.yml'), { TAG: tags[0] })
  const handlers = handlersOf(stack, root)
  for (const { service, image } of deploymentsOf(stack)) {
    const built = await buildFunction(directory, image, handlers.get(service)!, node)
    images.push(...tags.map((tag) => ({ ...built, name: image.replace(/:[^:]+$/, `:${tag}`) })))
  }
  const archive = path.join(directory, 'images.tar')
  await writeArchive(archive, images)
  return archive
}

/**
 * Builds an image for each handler given, by the name that it gets.
 *
 * @returns an archive of them
 */
export async function buildFunctionImages(
  directory: string,
  handlers: Readonly<Record<string, string>>
): Promise<string> {
  await mkdir(directory, { recursive: true })
  const node = await packLayer(path.join(directory, 'node.tar'), await programContent(process.execPath))
  const images: Image[] = []
  for (const [name, handler] of Object.entries(handlers))
    images.push(await buildFunction(directory, name, handler, node))
  const archive = path.join(directory, 'images.tar')
  await writeArchive(archive, images)
  return archive
}

/** What the native addons below a directory need of the machine; what they bring along is not there again. */
async function addonLibraries(directory: string): Promise<LayerContent> {
  const files = await readdir(directory, { recursive: true })
  const addons = files.filter((file) => /\.(node|so[.\d]*)$/.test(file))
  const found = await Promise.all(
    addons.map((file) => libraryContent(path.join(directory, file)).catch(() => ({})))
  )
  return Object.fromEntries(
    Object.entries(Object.assign({}, ...found)).filter(([file]) => !file.startsWith(directory))
  ) as LayerContent
}

async function buildFunction(directory: string, name: string, handler: string, node: Layer): Promise<Image> {
  const bundled = path.join(directory, path.basename(path.dirname(handler)))
  await bundle({ processes: { main: server }, handler, directory: bundled })
  return imageOf(name, node, await appLayer(bundled), 'main.js')
}

const appLayer = (directory: string) => packLayer(`${directory}.tar`, { '/app': directory })

function imageOf(name: string, node: Layer, app: Layer, file: string): Image {
  return {
    name,
    layers: [node, app],
    entrypoint: [process.execPath],
    command: [file],
    workingDirectory: '/app',
  }
}
