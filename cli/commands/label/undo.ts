import { userName } from '../../user.ts'
import type { Connection } from '../connection.ts'
import { queueOf } from './queue.ts'

/** Takes this person's last answer back. */
export async function undoAnswer(connection: Connection) {
  return { photo: (await queueOf(connection).undo(userName())) ?? null }
}

export function describeUndo({ photo }: Awaited<ReturnType<typeof undoAnswer>>): string {
  if (photo === null) return 'There is no answer of yours to take back.'
  return `Your answer about ${photo.slice(0, 12)} is taken back; the photo is kept for you for a while.`
}
