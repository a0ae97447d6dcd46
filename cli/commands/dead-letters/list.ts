import { cut, plain, table } from '../../terminal/index.ts'
import { ago } from '../../wording.ts'
import { type CommonOptions, platformCommand, run } from '../options.ts'
import { deadLetterClient, type PlacedLetter } from './client.ts'
import { type Failure, throwFailures } from './failures.ts'

const WHY_COLUMNS = 80
/** In a list, the beginning of a hash is enough. */
const HASH = /\b([0-9a-f]{12})[0-9a-f]{52}\b/g

export const listCommand = platformCommand('list', 'dead letters of the cloud and of every edge')
  .option('--edge <NAME>', 'those of one edge, or of the cloud')
  .action(async (options: CommonOptions & { edge?: string }) => {
    let failed: Failure[] = []
    await run(
      options,
      async ({ platform }) => {
        const found = await deadLetterClient(platform).list(options.edge)
        failed = found.failed
        return found.letters
      },
      describe
    )
    throwFailures(failed)
  })

function describe(letters: PlacedLetter[]): string {
  if (letters.length === 0) return 'No dead letters.'
  return table(
    ['ID', 'EVENT', 'PHOTO', 'AGE', 'WHY'],
    letters.map(({ id, type, photo, at, why }) => [
      id,
      type,
      photo?.slice(0, 12),
      ago(at),
      cut(plain(why).replaceAll(HASH, '$1…'), WHY_COLUMNS),
    ])
  )
}
