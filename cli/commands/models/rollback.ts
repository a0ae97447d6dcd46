import { EdgeloopError } from '../../../lib/errors/index.ts'
import type { ChannelPointer } from '../../../lib/registry/index.ts'
import { type CommonOptions, platformCommand, run } from '../options.ts'
import { describeMove, moveChannel } from './move.ts'

export const rollbackCommand = platformCommand('rollback', 'let the version before this one serve again')
  .option('--why <TEXT>', 'what is recorded as the reason')
  .action((options: CommonOptions & { why?: string }) =>
    run(options, (connection) => moveChannel(connection, before, options.why), describeMove)
  )

function before(pointer: ChannelPointer | undefined): { version: number; why: string } {
  if (pointer?.previous)
    return { version: pointer.previous, why: `Rolled back from version ${pointer.version}.` }
  throw new EdgeloopError('NOT_FOUND', 'no version served before this one', {
    hint: 'edgeloop models list shows what there is',
  })
}
