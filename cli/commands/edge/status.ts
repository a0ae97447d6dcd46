import { EdgeloopError } from '../../../lib/errors/index.ts'
import type { RunningPlatform } from '../../../platform/index.ts'
import { askEdge, type EdgeAnswer } from '../ask-edge.ts'
import { type CommonOptions, platformCommand, run } from '../options.ts'
import { edgeText } from './text.ts'

interface EdgeStatusOptions extends CommonOptions {
  check?: boolean
}

export const edgeStatusCommand = platformCommand(
  'status',
  'how one edge is doing, or each: link, spool, model, functions, alarms'
)
  .argument('[EDGE]', 'its name; all when absent')
  .option('--check', 'exit code 1 when an alarm is up, or an edge does not answer')
  .action((edge: string | undefined, options: EdgeStatusOptions) =>
    run(
      options,
      ({ platform }) => Promise.all(chosen(platform, edge).map(askEdge)),
      (edges) => edges.map((one) => edgeText(one)).join('\n\n'),
      (edges) => {
        if (options.check) throwAlarms(edges)
      }
    )
  )

/** @throws EdgeloopError NOT_FOUND */
function chosen({ edges }: RunningPlatform, name: string | undefined): RunningPlatform['edges'] {
  const found = edges.filter((edge) => name === undefined || edge.name === name)
  if (found.length > 0 || name === undefined) return found
  throw new EdgeloopError('NOT_FOUND', `there is no edge ${name} here`, {
    hint: `there are: ${edges.map((edge) => edge.name).join(', ')}`,
  })
}

/** @throws EdgeloopError UNAVAILABLE with every alarm, when there is one */
function throwAlarms(edges: readonly EdgeAnswer[]): void {
  const alarms = edges.flatMap(({ name, status, why }) =>
    status ? status.alarms.map(({ message }) => `${name}: ${message}`) : [`${name}: ${why}`]
  )
  if (alarms.length > 0) throw new EdgeloopError('UNAVAILABLE', alarms.join('\n'))
}
