import { type CommonOptions, platformCommand, run } from '../options.ts'
import { deadLetterClient } from './client.ts'
import { type Chosen, each } from './each.ts'
import { throwFailures } from './failures.ts'

export const replayCommand = platformCommand('replay', 'send dead letters to their function again')
  .argument('[ID...]', 'such as edge-1/classify/42')
  .option('--all', 'every one that there is')
  .option('--edge <NAME>', 'of one edge, or of the cloud')
  .action((given: string[], options: CommonOptions & Chosen) =>
    run(
      options,
      async ({ platform }) => {
        const client = deadLetterClient(platform)
        const { done, failed } = await each(client, given, options, client.replay)
        return { replayed: done, failed }
      },
      ({ replayed, failed }) =>
        replayed.length === 0
          ? failed.length === 0
            ? 'No dead letters.'
            : 'None of them.'
          : `${replayed.map((id) => `${id} waits again for its function`).join('\n')}\n` +
            'edgeloop dead-letters list shows those that it refuses again.',
      ({ failed }) => throwFailures(failed)
    )
  )
