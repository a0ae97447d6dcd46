import { EdgeloopError } from '../../../lib/errors/index.ts'
import { withPlatform } from '../connection.ts'
import { type CommonOptions, platformCommand, run } from '../options.ts'
import { answerOne, describeAnswer } from './answer.ts'
import { askAtTerminal } from './ask.ts'
import { describeQueue, listQueue } from './list.ts'
import { describeLabelling, labellingStatus } from './status.ts'
import { describeUndo, undoAnswer } from './undo.ts'

interface LabelOptions extends CommonOptions {
  list?: boolean
  status?: boolean
  new?: boolean
  neither?: boolean
  undo?: boolean
}

export const labelCommand = platformCommand('label', 'say what is on photos that wait for a person')
  .argument('[PHOTO]', 'its hash, or the beginning of it; without one, you are asked photo by photo')
  .argument('[LABEL]', 'what is on it')
  .option('--list', 'print the photos that wait, the most urgent first')
  .option('--status', 'print how labelling goes: agreement, audits, and whether pseudo-labels have stopped')
  .option('--new', 'LABEL is one that no photo has had so far')
  .option('--neither', 'none of the labels is on PHOTO')
  .option('--undo', 'take your last answer back')
  .action(async (photo: string | undefined, label: string | undefined, options: LabelOptions) => {
    if (options.list) return run(options, listQueue, describeQueue)
    if (options.status) return run(options, labellingStatus, describeLabelling)
    if (options.undo) return run(options, undoAnswer, describeUndo)
    const said = options.neither ? null : label
    if (photo !== undefined && said !== undefined)
      return run(
        options,
        (connection) => answerOne(connection, { photo, label: said, isNew: options.new ?? false }),
        describeAnswer
      )
    if (photo === undefined && process.stdin.isTTY && process.stdout.isTTY)
      return withPlatform(options.state, askAtTerminal)
    throw new EdgeloopError(
      'INVALID_INPUT',
      photo ? 'the label is missing' : 'this is no terminal to ask at',
      {
        hint: 'edgeloop label --list shows what waits, edgeloop label PHOTO LABEL answers',
      }
    )
  })
