import { Command } from 'commander'
import { addCommand } from './add.ts'
import { listCommand } from './list.ts'

export const backboneCommand = new Command('backbone')
  .description('the networks that models of this machine can stand on')
  .addCommand(addCommand)
  .addCommand(listCommand)
