import { EdgeloopError } from '../../lib/errors/index.ts'
import { ARCHITECTURE, isBuiltFor, placementFor, unmet, type Wish } from './match.ts'
import { type Node, type Taint, untolerated } from './node.ts'
import { matches, type Requirement, type Term } from './requirement.ts'

/** Where a deployment can run, or why nowhere. */
export type Explanation = { nodes: Node[]; missing?: undefined } | { nodes: []; missing: string }

/** Why a node does not do. */
interface Obstacle {
  /** What a node would have to be, after "no node". */
  wanted: string
  /** What this one is, after its name and "which". */
  found: string
  /** The label exists there, with another value: nearer than none. */
  near: boolean
  /** Whether another node does in this respect. */
  overcome(node: Node): boolean
}

/**
 * Says which nodes a deployment can run on, switched off there or not; and if there is none, what is missing and which
 * node comes nearest: "no node has zone=a; nearest: edge-1, which has zone=b".
 */
export function explainPlacement(wish: Wish, nodes: readonly Node[]): Explanation {
  const found = nodes.filter(placementFor(wish))
  if (found.length > 0) return { nodes: found }
  if (nodes.length === 0) return { nodes: [], missing: 'there is no node' }
  const candidates = nodes.flatMap((node) =>
    wish.terms.map((term) => ({ node, obstacles: obstaclesOf(wish, term, node) }))
  )
  const [nearest] = candidates.sort((a, b) => distance(a.obstacles) - distance(b.obstacles))
  if (!nearest) return { nodes: [], missing: 'its profiles ask for a node that is nowhere' }
  const { node, obstacles } = nearest
  const nowhere = obstacles.filter(({ overcome }) => !nodes.some(overcome))
  const wanted = (nowhere.length > 0 ? nowhere : obstacles).map((each) => each.wanted)
  return {
    nodes: [],
    missing:
      `no node${nowhere.length > 0 ? '' : ' that suits otherwise'} ${wanted.join(' and ')}; ` +
      `nearest: ${node.name}, which ${obstacles.map((each) => each.found).join(' and ')}`,
  }
}

/**
 * The nodes that a deployment can run on.
 *
 * @throws EdgeloopError INVALID_INPUT saying what is missing when there is none
 */
export function requirePlacement(service: string, wish: Wish, nodes: readonly Node[]): Node[] {
  const explanation = explainPlacement(wish, nodes)
  if (explanation.missing === undefined) return explanation.nodes
  throw new EdgeloopError('INVALID_INPUT', `${service} cannot be placed: ${explanation.missing}`, {
    where: 'constraints, annotations.com.openfaas.profile',
    hint: `nodes: ${nodes.map(({ name }) => name).join(', ') || 'none'}`,
  })
}

/** Fewer obstacles first, then those that a label with another value is. */
function distance(obstacles: Obstacle[]): number {
  return obstacles.reduce((sum, { near }) => sum + (near ? 1 : 1.001), 0)
}

function obstaclesOf({ architectures, tolerations }: Wish, term: Term, node: Node): Obstacle[] {
  const obstacles = unmet(term, node).map((requirement) => missingLabel(requirement, term, node))
  if (!isBuiltFor(node, architectures))
    obstacles.push({
      wanted: `is ${architectures.join(' or ')}, which the image is built for`,
      found: `is ${node.labels[ARCHITECTURE]}`,
      near: true,
      overcome: (other) => isBuiltFor(other, architectures),
    })
  const taints = untolerated(node, tolerations)
  if (taints.length > 0)
    obstacles.push({
      wanted: 'is free of taints that its profiles do not tolerate',
      found: `has the taint ${taints.map(writtenTaint).join(', ')}`,
      near: true,
      overcome: (other) => untolerated(other, tolerations).length === 0,
    })
  return obstacles
}

function missingLabel(requirement: Requirement, term: Term, node: Node): Obstacle {
  const isField = term.matchFields.includes(requirement)
  const propertiesOf = ({ name, labels }: Node) => (isField ? { 'metadata.name': name } : labels)
  const value = propertiesOf(node)[requirement.key as 'metadata.name']
  return {
    wanted: isField ? writtenName(requirement) : writtenRequirement(requirement),
    found: isField
      ? 'has another name'
      : value === undefined
        ? `has no label ${requirement.key}`
        : `has ${label(requirement.key, value)}`,
    near: !isField && value !== undefined,
    overcome: (other) => matches(requirement, propertiesOf(other)),
  }
}

const label = (key: string, value: string) => (value === '' ? `the label ${key}` : `${key}=${value}`)

function writtenRequirement({ key, operator, values = [] }: Requirement): string {
  switch (operator) {
    case 'In':
      return `has ${values.map((value) => label(key, value)).join(' or ')}`
    case 'NotIn':
      return `is without ${values.map((value) => label(key, value)).join(' and ')}`
    case 'Exists':
      return `has the label ${key}`
    case 'DoesNotExist':
      return `is without the label ${key}`
    case 'Gt':
      return `has ${key} above ${values[0]}`
    case 'Lt':
      return `has ${key} below ${values[0]}`
  }
}

function writtenName({ operator, values = [] }: Requirement): string {
  return `is ${operator === 'NotIn' ? 'other than' : 'named'} ${values.join(' or ')}`
}

function writtenTaint({ key, value, effect }: Taint): string {
  return `${key}${value ? `=${value}` : ''}:${effect}`
}
