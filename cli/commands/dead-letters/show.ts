import { type CommonOptions, platformCommand, run } from '../options.ts'
import { deadLetterClient } from './client.ts'

export const showCommand = platformCommand('show', 'one dead letter with the whole event')
  .argument('<ID>', 'such as edge-1/classify/42')
  .action((id: string, options: CommonOptions) =>
    run(
      options,
      ({ platform }) => deadLetterClient(platform).show(id),
      (letter) => JSON.stringify(letter, null, 2)
    )
  )
