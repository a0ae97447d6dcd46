import { createWorker, type Entry, type Outcome, type Spool, type Worker } from '../../lib/spool/index.ts'

interface WorkersOptions<P> {
  spool: Spool<P>
  /** How many of a queue are handled at a time. */
  concurrency: number
  handle(entry: Entry<P>, stopped: AbortSignal): Promise<Outcome>
}

/** Works all queues of a spool off, each by itself: a slow function holds up nobody else. */
export function createWorkers<P>({ spool, concurrency, handle }: WorkersOptions<P>) {
  const workers = new Map<string, Worker>()
  const onError = (error: unknown) => console.error('asynchronous calls:', error)

  function work(queue: string): void {
    if (!workers.has(queue)) workers.set(queue, createWorker({ spool, queue, concurrency, handle, onError }))
  }
  const stopListening = spool.onEnqueue(work)
  for (const queue of spool.queues()) if (spool.depth(queue).queued > 0) work(queue)

  return {
    /** Takes nothing more; what is not done soon stays queued. */
    async close(graceMs: number): Promise<void> {
      stopListening()
      await Promise.all([...workers.values()].map((worker) => worker.close({ timeoutMs: graceMs })))
    },
  }
}
