import { EdgeloopError } from '../../lib/errors/index.ts'

/**
 * What came from a function is no answer, or not all of one: the connection is of no use any more.
 * @param why what is wrong with it, to be read after "it did not answer:"
 */
export function unreadable(why: string): EdgeloopError {
  return new EdgeloopError('BAD_GATEWAY', why, {
    hint: 'a function has to answer in HTTP/1.1, as RFC 9112 has it; look at what it wrote',
  })
}
