/**
 * What people write: names and labels.
 * @module
 */
import { z } from 'zod'
import { EdgeloopError } from '../errors/index.ts'

/** Any text of a line. */
const line = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .regex(/^\P{Cc}*$/u)

/**
 * Somebody's name as it is recorded, without spaces around it.
 * @throws EdgeloopError INVALID_INPUT
 */
export function checkPerson(by: string): string {
  return checked(by, 'that is no name of somebody who answers', 'by')
}

/**
 * A label as it is recorded: one that is on offer as it stands there, another one without spaces around it.
 *
 * @param offered the labels on offer
 * @param isNew whether it is meant to be another one: otherwise that is taken for a slip
 * @throws EdgeloopError INVALID_INPUT with what to write instead
 */
export function checkLabel(label: string, offered: readonly string[], isNew: boolean): string {
  if (offered.includes(label)) return label
  const written = checked(label, 'that is no label', 'label')
  if (isNew || offered.includes(written)) return written
  throw new EdgeloopError('INVALID_INPUT', `no photo has been labelled "${written}" so far`, {
    where: 'label',
    hint: `labels are ${offered.join(', ') || 'none yet'}; for another one, add --new, or "isNew": true`,
  })
}

function checked(text: string, wrong: string, where: string): string {
  const parsed = line.safeParse(text)
  if (parsed.success) return parsed.data
  throw new EdgeloopError('INVALID_INPUT', wrong, { where, hint: 'give 1 to 100 characters on a line' })
}
