import { EdgeloopError } from '../../../lib/errors/index.ts'
import { type CommonOptions, platformCommand, run } from '../options.ts'
import { describeMove, moveChannel } from './move.ts'

export const promoteCommand = platformCommand('promote', 'let a version serve, whatever its verdict was')
  .argument('<VERSION>')
  .option('--why <TEXT>', 'what is recorded as the reason')
  .action((given: string, options: CommonOptions & { why?: string }) =>
    run(
      options,
      (connection) =>
        moveChannel(
          connection,
          () => ({ version: readVersion(given), why: 'Promoted by hand.' }),
          options.why
        ),
      describeMove
    )
  )

function readVersion(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new EdgeloopError('INVALID_INPUT', `"${text}" is no version`, {
    where: 'VERSION',
    hint: 'give a number that edgeloop models list shows',
  })
}
