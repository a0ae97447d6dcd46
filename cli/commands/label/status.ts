import type { LabellingState } from '../../../lib/labelling/index.ts'
import { standingSentences } from '../../labelling/index.ts'
import type { Connection } from '../connection.ts'
import { queueOf } from './queue.ts'

/** How labelling goes. */
export function labellingStatus(connection: Connection): Promise<LabellingState> {
  return queueOf(connection).state()
}

export function describeLabelling(state: LabellingState): string {
  const { waiting, claimed, answered, neither, disputed, labels } = state
  return [
    `${waiting} photos wait, ${claimed} are being answered, ${answered} are answered.`,
    `On ${neither} of these is none of the labels; about ${disputed} people disagree.`,
    `Labels: ${labels.join(', ') || 'none yet'}`,
    ...standingSentences(state),
  ].join('\n')
}
