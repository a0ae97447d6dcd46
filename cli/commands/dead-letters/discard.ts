import { type CommonOptions, platformCommand, run } from '../options.ts'
import { deadLetterClient } from './client.ts'
import { type Chosen, each } from './each.ts'
import { throwFailures } from './failures.ts'

export const discardCommand = platformCommand('discard', 'forget dead letters for good')
  .argument('[ID...]', 'such as edge-1/classify/42')
  .option('--all', 'every one that there is')
  .option('--edge <NAME>', 'of one edge, or of the cloud')
  .action((given: string[], options: CommonOptions & Chosen) =>
    run(
      options,
      async ({ platform }) => {
        const client = deadLetterClient(platform)
        const { done, failed } = await each(client, given, options, client.discard)
        return { discarded: done, failed }
      },
      ({ discarded, failed }) =>
        discarded.length === 0
          ? failed.length === 0
            ? 'No dead letters.'
            : 'None of them.'
          : discarded
              .map((id) => `${id} is discarded; its photo keeps "dead letter" as its outcome`)
              .join('\n'),
      ({ failed }) => throwFailures(failed)
    )
  )
