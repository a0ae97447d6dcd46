import { Command } from 'commander'
import { edgeStatusCommand } from './status.ts'

export const edgeCommand = new Command('edge').description('single edges').addCommand(edgeStatusCommand)
