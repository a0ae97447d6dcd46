import { EdgeloopError } from '../../lib/errors/index.ts'

/** There is no line to an edge, or none that takes requests: nothing of this one has been sent. */
export class OutOfReach extends EdgeloopError {
  constructor(edge: string, detail: { hint?: string; cause?: unknown }) {
    super('UNAVAILABLE', `${edge} is out of reach`, { where: edge, ...detail })
  }
}
