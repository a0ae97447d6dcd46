import { EdgeloopError } from '../../../lib/errors/index.ts'
import type { deadLetterClient } from './client.ts'
import { type Failure, failureOf } from './failures.ts'

type Client = ReturnType<typeof deadLetterClient>

/** Which dead letters a command is about. */
export interface Chosen {
  all?: boolean
  edge?: string
}

/**
 * Does something with each dead letter that is meant: those given, or all there are. One that cannot be helped keeps
 * nobody from the others.
 *
 * @returns the ids with which it went well, and what did not
 * @throws EdgeloopError INVALID_INPUT when nothing is meant
 */
export async function each(
  client: Client,
  given: readonly string[],
  chosen: Chosen,
  work: (id: string) => Promise<unknown>
): Promise<{ done: string[]; failed: Failure[] }> {
  const { ids, failed } = await find(client, given, chosen)
  const done: string[] = []
  for (const id of ids)
    await work(id).then(
      () => done.push(id),
      (error: unknown) => failed.push(failureOf(id, error))
    )
  return { done, failed }
}

async function find(client: Client, given: readonly string[], { all, edge }: Chosen) {
  if (all && given.length === 0) {
    const { letters, failed } = await client.list(edge)
    return { ids: letters.map(({ id }) => id), failed }
  }
  if (!all && given.length > 0) return { ids: given.map((id) => placed(id, edge)), failed: [] }
  throw new EdgeloopError('INVALID_INPUT', 'say which dead letters: their ids, or --all', {
    hint: 'edgeloop dead-letters list shows the ids',
  })
}

/** An id as it is within an edge, with the edge before it. */
function placed(id: string, edge: string | undefined): string {
  if (edge === undefined || id.startsWith(`${edge}/`)) return id
  if (/^[^/]+\/\d+$/.test(id)) return `${edge}/${id}`
  throw new EdgeloopError('INVALID_INPUT', `${id} is none of ${edge}'s dead letters`, {
    where: '--edge',
    hint: `leave --edge out, or give ids such as ${edge}/classify/42`,
  })
}
