import { asEdgeloopError, EdgeloopError } from '../../lib/errors/index.ts'
import { type Deployment, traitsOf } from '../../lib/stack/index.ts'
import { table } from '../terminal/index.ts'
import type { GatewayClient, GatewayKind } from './gateway-client.ts'

/** What a deployment asks for, as its stack says it: `profile edge; kubernetes.io/arch=arm64`. */
function wishText(deployment: Deployment): string {
  const { profiles } = traitsOf(deployment)
  const wishes = [
    ...(profiles.length > 0 ? [`profile ${profiles.join(', ')}`] : []),
    ...(deployment.constraints ?? []),
  ]
  return wishes.join('; ') || 'nothing in particular'
}

const asksForPlaces = (deployment: Deployment) =>
  traitsOf(deployment).profiles.length > 0 || (deployment.constraints ?? []).length > 0

/**
 * Tells where each function will run, before anything is deployed.
 *
 * @returns a table for people
 * @throws EdgeloopError INVALID_INPUT when one of them can run nowhere, or when the gateway places nothing
 */
export async function placementTable(
  client: GatewayClient,
  kind: GatewayKind,
  deployments: readonly Deployment[]
): Promise<string> {
  if (kind === 'openfaas-ce') refuseCommunityEdition(client.url, deployments)
  const rows = await Promise.all(
    deployments.map(async (deployment) => ({
      deployment,
      ...(kind === 'edgeloop' ? await placesOf(client, deployment) : { places: 'where its profiles say' }),
    }))
  )
  const refused = rows.flatMap(({ refusal }) => refusal ?? [])
  const text = table(
    ['FUNCTION', 'IMAGE', 'ASKS FOR', 'RUNS ON'],
    rows.map(({ deployment, places, refusal }) => [
      deployment.service,
      deployment.image,
      wishText(deployment),
      refusal ? `nowhere: ${refusal.message}` : places,
    ])
  )
  if (refused.length === 0) return text
  process.stderr.write(`${text}\n\n`)
  throw new EdgeloopError('INVALID_INPUT', `nothing was deployed: ${refused[0]!.message}`, {
    where: refused[0]!.where,
    hint: refused[0]!.hint,
  })
}

async function placesOf(
  client: GatewayClient,
  deployment: Deployment
): Promise<{ places: string; refusal?: EdgeloopError }> {
  try {
    return { places: (await client.placement(deployment)).join(', ') || 'no node yet' }
  } catch (thrown) {
    const refusal = asEdgeloopError(thrown)
    if (refusal.code !== 'INVALID_INPUT') throw refusal
    return { places: '', refusal }
  }
}

function refuseCommunityEdition(url: string, deployments: readonly Deployment[]): void {
  const placed = deployments.filter(asksForPlaces).map(({ service }) => service)
  if (placed.length === 0) return
  throw new EdgeloopError(
    'INVALID_INPUT',
    `this is OpenFaaS Community Edition, which ignores profiles and constraints: ${placed.join(', ')} would run anywhere`,
    {
      where: url,
      hint: 'name Edgeloop’s gateway or one of OpenFaaS Standard with --gateway',
    }
  )
}
