import type { EventEmitter } from 'node:events'

/** Resolves when a stream that was full has room for more, or nobody is there any more. */
export function room(stream: EventEmitter & { readonly destroyed: boolean }): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done).off('close', done)
      resolve()
    }
    stream.once('drain', done).once('close', done)
    if (stream.destroyed) done()
  })
}
