import { type CommonOptions, platformCommand, run } from '../options.ts'
import { chosen, deadLetterClient } from './client.ts'

export const discardCommand = platformCommand('discard', 'forget dead letters for good')
  .argument('[ID...]', 'such as edge-1/classify/42')
  .option('--all', 'every one that there is')
  .option('--edge <NAME>', 'with --all: of one edge, or of the cloud')
  .action((given: string[], options: CommonOptions & { all?: boolean; edge?: string }) =>
    run(
      options,
      async ({ platform }) => {
        const client = deadLetterClient(platform)
        const discarded = await chosen(client, given, options)
        for (const id of discarded) await client.discard(id)
        return { discarded }
      },
      ({ discarded }) =>
        discarded.length === 0
          ? 'No dead letters.'
          : discarded
              .map((id) => `${id} is discarded; its photo keeps "dead letter" as its outcome`)
              .join('\n')
    )
  )
