import { type Deployment, deploymentsOf } from '../../lib/stack/index.ts'
import { readBuiltImages } from './built-images.ts'
import { type FunctionOptions, faasCliFor, gatewayOf, passedOn, stackCommand, stackOf } from './options.ts'
import { placementTable } from './placement.ts'

const ARCH = 'edgeloop.dev/arch'

export const deployCommand = stackCommand(
  'deploy',
  'show where each function of the stack will run, and deploy them'
)
  .option('--dry-run', 'only show it')
  .action(async (options: FunctionOptions & { dryRun?: boolean }) => {
    const { stack, directory, file } = await stackOf(options)
    const client = gatewayOf(options, stack)
    const faasCli = await faasCliFor(options)
    const kind = await client.kind()
    const built = await readBuiltImages(directory)
    const deployments = deploymentsOf(stack).map((each) =>
      withNamespace(withArchitectures(each, built), options)
    )
    process.stdout.write(`${await placementTable(client, kind, deployments)}\n\n`)
    if (options.dryRun) return
    if (faasCli) {
      // It takes annotations for all functions or for none.
      const all = new Set(deployments.map(({ annotations }) => annotations?.[ARCH]))
      const [only] = all
      const annotation = all.size === 1 && only ? ['--annotation', `${ARCH}=${only}`] : []
      await faasCli.run(['deploy', ...passedOn(options, file, client.url), ...annotation], directory)
      return
    }
    for (const deployment of deployments) {
      await client.deploy(deployment)
      process.stdout.write(`${deployment.service}: deployed\n`)
    }
  })

/** What its image was built for, where that is known and the stack does not say. */
function withArchitectures(deployment: Deployment, built: Record<string, string[]>): Deployment {
  const architectures = built[deployment.image]
  if (!architectures || deployment.annotations?.[ARCH]) return deployment
  return { ...deployment, annotations: { ...deployment.annotations, [ARCH]: architectures.join(', ') } }
}

const withNamespace = (deployment: Deployment, { namespace }: FunctionOptions): Deployment => ({
  ...deployment,
  namespace: deployment.namespace ?? namespace,
})
