import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { pack } from 'tar-stream'
import type { Layer } from './layer.ts'

/** An image made from nothing: no shell, no users, no certificates but what its layers hold. */
export interface Image {
  /** `NAME:TAG` */
  name: string
  layers: readonly Layer[]
  /** What is run, and by default with which arguments. */
  entrypoint: readonly string[]
  command: readonly string[]
  workingDirectory: string
  environment?: Readonly<Record<string, string>>
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * Writes images into one archive, as `docker load` and `ctr images import` take it; a layer that several of them have
 * is in it once. https://github.com/moby/docker-image-spec/blob/main/v1.2.md
 */
export async function writeArchive(file: string, images: readonly Image[]): Promise<void> {
  const tar = pack()
  const writing = pipeline(tar, createWriteStream(file))
  const layers = new Map(images.flatMap((image) => image.layers.map((layer) => [layer.digest, layer])))
  for (const { file: source, digest } of layers.values()) {
    const { size } = await stat(source)
    await pipeline(createReadStream(source), tar.entry({ name: layerName(digest), size }))
  }
  const manifest = images.map((image) => {
    const config = JSON.stringify(configOf(image))
    const name = `${createHash('sha256').update(config).digest('hex')}.json`
    tar.entry({ name }, config)
    return {
      Config: name,
      RepoTags: [image.name],
      Layers: image.layers.map(({ digest }) => layerName(digest)),
    }
  })
  tar.entry({ name: 'manifest.json' }, JSON.stringify(manifest))
  tar.finalize()
  await writing
}

const layerName = (digest: string) => `${digest}/layer.tar`

function configOf({ layers, entrypoint, command, workingDirectory, environment = {} }: Image) {
  return {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: {
      Env: [`PATH=${PATH}`, ...Object.entries(environment).map(([name, value]) => `${name}=${value}`)],
      WorkingDir: workingDirectory,
      Entrypoint: entrypoint,
      Cmd: command,
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => `sha256:${digest}`) },
  }
}
