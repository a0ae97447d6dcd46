import { type CommonOptions, platformCommand, run } from '../options.ts'
import { chosen, deadLetterClient } from './client.ts'

export const replayCommand = platformCommand('replay', 'send dead letters to their function again')
  .argument('[ID...]', 'such as edge-1/classify/42')
  .option('--all', 'every one that there is')
  .option('--edge <NAME>', 'with --all: of one edge, or of the cloud')
  .action((given: string[], options: CommonOptions & { all?: boolean; edge?: string }) =>
    run(
      options,
      async ({ platform }) => {
        const client = deadLetterClient(platform)
        const replayed = await chosen(client, given, options)
        for (const id of replayed) await client.replay(id)
        return { replayed }
      },
      ({ replayed }) =>
        replayed.length === 0
          ? 'No dead letters.'
          : `${replayed.map((id) => `${id} waits again for its function`).join('\n')}\n` +
            'edgeloop dead-letters list shows those that it refuses again.'
    )
  )
