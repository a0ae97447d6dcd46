import { Command } from 'commander'
import { asEdgeloopError } from '../lib/errors/index.ts'
import {
  backboneCommand,
  deadLettersCommand,
  edgeCommand,
  labelCommand,
  modelsCommand,
  statusCommand,
} from './commands/index.ts'
import {
  buildCommand,
  deployCommand,
  invokeCommand,
  loginCommand,
  logsCommand,
  pushCommand,
  removeCommand,
} from './functions/index.ts'
import { readStartOptions } from './start/options.ts'
import { start } from './start/start.ts'

const program = new Command('edgeloop').description(
  'Closes the learning loop between cameras at the edge and a cloud.'
)

program
  .command('start')
  .description('bring up a cloud and its edges on this machine, and watch the loop turn')
  .option('--photos <DIR>', 'folders of photos named by label; without it a demo camera draws scenes')
  .option('--seed <N>', 'repeats a run', '1')
  .option('--seed-labels <N>', 'labelled photos to start from', '20')
  .option('--golden <N>', 'labelled photos that judge models', '120')
  .option('--test <N>', 'labelled photos that measure the result, which nothing of the loop sees', '200')
  .option(
    '--rounds <N>',
    'end after so many rounds, with a summary; starts from nothing unless --state is given'
  )
  .option('--per-round <N>', 'photos in a round', '40')
  .option('--labels-per-round <N>', 'photos that people label in a round', '6')
  .option('--edges <N>', 'edges', '2')
  .option('--devices <N>', 'cameras at each edge', '1')
  .option('--cut <EDGE:FROM-TO...>', 'cut an edge off from the cloud, from round FROM to round TO')
  .option(
    '--kill <NAME:ROUND...>',
    'kill an edge, gateway or trainer in the middle of a round, and restart it'
  )
  .option(
    '--backbone <NAME|DIR>',
    "what new models stand on (edgeloop backbone list); the newest model's, or efficientnet-lite0"
  )
  .option('--uplink <MODE>', 'what leaves an edge: features, review or all', 'review')
  .option('--state <DIR>', 'where everything is kept')
  .option('--fresh', 'start over: remove what the state directory holds')
  .option('--port <N>', "the gateway's port; edge N listens N above it (8080, or free ones)")
  .option('--host <ADDRESS>', 'what to listen on', '127.0.0.1')
  .option('--json', 'one JSON line an event')
  .option('--plain', 'a line a round, also on a terminal')
  .action(async (given) => start(await readStartOptions(given, process.env.INIT_CWD ?? process.cwd())))

const ofPlatform = [statusCommand, edgeCommand, labelCommand, modelsCommand, deadLettersCommand]
const ofFunctions = [
  loginCommand,
  buildCommand,
  pushCommand,
  deployCommand,
  removeCommand,
  logsCommand,
  invokeCommand,
]
for (const command of [...ofFunctions, ...ofPlatform, backboneCommand]) program.addCommand(command)

/**
 * Runs a command; what goes wrong is told on standard error.
 * @param args without the program's own name
 * @returns the exit code
 */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  try {
    await program.parseAsync(args, { from: 'user' })
    return 0
  } catch (thrown) {
    const { message, where, hint } = asEdgeloopError(thrown)
    process.stderr.write(
      `${message}${where ? `\n  where: ${where}` : ''}${hint ? `\n  what to do: ${hint}` : ''}\n`
    )
    return 1
  }
}
