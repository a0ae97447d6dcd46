import { Command } from 'commander'
import { backbonesFolder, type Listed, listBackbones } from '../../backbones/index.ts'
import { table } from '../../terminal/index.ts'
import { megabytes, shortHash } from './wording.ts'

export const listCommand = new Command('list')
  .description('the built-in backbone and those that were added')
  .option('--json', 'print JSON')
  .action(async ({ json }: { json?: boolean }) => {
    const listed = await listBackbones(backbonesFolder(process.env))
    process.stdout.write(`${json ? JSON.stringify(listed.map(asJson)) : describe(listed)}\n`)
  })

function asJson({ name, directory, builtIn, manifest, broken }: Listed) {
  const { hash, featureSize, inputSize, weights, licence } = manifest ?? {}
  const bytes = weights?.bytes
  return { name, hash, features: featureSize, inputSize, bytes, licence, directory, builtIn, broken }
}

function describe(listed: Listed[]): string {
  return table(
    ['NAME', 'HASH', 'FEATURES', 'INPUT', 'MB', 'WHERE'],
    listed.map(({ name, directory, builtIn, manifest, broken }) => [
      name,
      manifest && shortHash(manifest),
      manifest?.featureSize,
      manifest && `${manifest.inputSize} × ${manifest.inputSize}`,
      manifest && Number(megabytes(manifest)),
      broken ? `${directory}, which cannot be used: ${broken}` : builtIn ? 'built in' : directory,
    ])
  )
}
