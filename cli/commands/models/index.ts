import { Command } from 'commander'
import { listCommand } from './list.ts'
import { promoteCommand } from './promote.ts'
import { rollbackCommand } from './rollback.ts'

export const modelsCommand = new Command('models')
  .description('model versions, and which one serves')
  .addCommand(listCommand)
  .addCommand(promoteCommand)
  .addCommand(rollbackCommand)
