import { Command } from 'commander'
import { discardCommand } from './discard.ts'
import { listCommand } from './list.ts'
import { replayCommand } from './replay.ts'
import { showCommand } from './show.ts'

export const deadLettersCommand = new Command('dead-letters')
  .description('events that a function will never take')
  .addCommand(listCommand)
  .addCommand(showCommand)
  .addCommand(replayCommand)
  .addCommand(discardCommand)
