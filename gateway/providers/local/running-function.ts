import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { Environment, FunctionModule } from '../../../lib/function/index.ts'

/** A function that runs in this process. */
export interface RunningFunction {
  invoke(request: Request): Promise<Response>
  /** Lets requests that are being answered end, for so long, then lets go of what the function has opened. */
  stop(graceMs: number): Promise<void>
}

/**
 * Loads a handler and starts it with an environment of its own.
 *
 * @param handler absolute path of a `handler.ts`
 */
export async function startFunction(handler: string, environment: Environment): Promise<RunningFunction> {
  const module = (await import(pathToFileURL(handler).href)) as FunctionModule
  await module.start?.(environment)
  const answering = new Set<Promise<Response>>()
  return {
    async invoke(request) {
      const answer = Promise.resolve(module.default.fetch(request, environment))
      answering.add(answer)
      return answer.finally(() => answering.delete(answer))
    },
    async stop(graceMs) {
      const grace = new AbortController()
      const over = sleep(graceMs, undefined, { signal: grace.signal }).catch(() => {})
      await Promise.race([Promise.allSettled(answering), over])
      grace.abort()
      await module.stop?.(environment)
    },
  }
}
