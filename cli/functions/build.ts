import { execa } from 'execa'
import { EdgeloopError } from '../../lib/errors/index.ts'
import type { Stack } from '../../lib/stack/index.ts'
import { buildContext } from './build-context.ts'
import { keepBuiltImages } from './built-images.ts'
import { type FunctionOptions, faasCliFor, passedOn, stackCommand, stackOf } from './options.ts'

/** Docker's words for processors. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64', arm: 'arm' }
const OWN_PLATFORM = `linux/${ARCHITECTURES[process.arch] ?? process.arch}`

interface BuildOptions extends FunctionOptions {
  shrinkwrap?: boolean
  buildArg: string[]
}

const several = (value: string, before: string[]) => [...before, value]

export const buildCommand = stackCommand(
  'build',
  'build the images of the stack’s functions, for this machine'
)
  .option('--shrinkwrap', 'only put together what they are built from, in build/')
  .option('--build-arg <NAME=VALUE>', 'for the Dockerfile; may be given several times', several, [])
  .action(async (options: BuildOptions) => {
    const { stack, directory, file } = await stackOf(options)
    const args = options.buildArg.flatMap((each) => ['--build-arg', each])
    const faasCli = await faasCliFor(options)
    if (faasCli) {
      const flags = [...(options.shrinkwrap ? ['--shrinkwrap'] : []), ...args]
      await faasCli.run(
        ['build', ...passedOn({ ...options, namespace: undefined }, file), ...flags],
        directory
      )
    } else await buildAll(stack, directory, options.shrinkwrap ?? false, args)
    if (!options.shrinkwrap) await keepBuiltImages(directory, imagesOf(stack), [OWN_PLATFORM])
  })

export const pushCommand = stackCommand(
  'push',
  'push the images of the stack’s functions to their registries'
)
  .option(
    '--platforms <LIST>',
    'build them anew for several platforms, as linux/amd64,linux/arm64, and push those'
  )
  .option('--build-arg <NAME=VALUE>', 'for the Dockerfile, with --platforms', several, [])
  .action(async (options: BuildOptions & { platforms?: string }) => {
    const { stack, directory, file } = await stackOf(options)
    const { platforms } = options
    const args = options.buildArg.flatMap((each) => ['--build-arg', each])
    const faasCli = await faasCliFor(options)
    if (faasCli) {
      const passed = passedOn({ ...options, namespace: undefined }, file)
      const verb = platforms ? ['publish', '--platforms', platforms, ...args] : ['push']
      await faasCli.run([...verb, ...passed], directory)
    } else if (platforms)
      await buildAll(stack, directory, false, [...args, '--platform', platforms, '--push'])
    else for (const image of imagesOf(stack)) await docker(['push', image], directory)
    if (platforms) await keepBuiltImages(directory, imagesOf(stack), platforms.split(','))
  })

async function buildAll(stack: Stack, directory: string, shrinkwrap: boolean, args: string[]): Promise<void> {
  for (const [name, fn] of Object.entries(stack.functions)) {
    if (fn.skip_build) continue
    const context = await buildContext(directory, stack, name, fn)
    process.stdout.write(`${name}: put together in ${context}\n`)
    if (shrinkwrap) continue
    const own = Object.entries(fn.build_args ?? {}).flatMap(([key, value]) => [
      '--build-arg',
      `${key}=${value}`,
    ])
    const load = args.includes('--push') ? [] : ['--load']
    await docker(['buildx', 'build', ...own, ...args, ...load, '--tag', fn.image, '.'], context)
  }
}

const imagesOf = (stack: Stack) =>
  Object.values(stack.functions).flatMap(({ image, skip_build }) => (skip_build ? [] : image))

async function docker(args: string[], cwd: string): Promise<void> {
  const { failed, exitCode, code } = await execa('docker', args, { cwd, stdio: 'inherit', reject: false })
  if (!failed) return
  throw new EdgeloopError('UNAVAILABLE', `docker ${args[0]} failed (${exitCode ?? code})`, {
    where: `docker ${args.join(' ')}`,
    hint: code === 'ENOENT' ? 'install docker with buildx' : 'what it said stands above',
  })
}
