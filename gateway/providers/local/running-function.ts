import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { EdgeloopError } from '../../../lib/errors/index.ts'
import type { Environment, FunctionModule } from '../../../lib/function/index.ts'
import type { FunctionLog } from './function-log.ts'

/** Requests that a function answers at a time; each may hold a photo of many megabytes in memory. */
const MAX_INFLIGHT = 32

/** A function that runs in this process. */
export interface RunningFunction {
  /** @throws EdgeloopError OVERLOADED when too many requests are being answered */
  invoke(request: Request): Promise<Response>
  /** Lets requests that are being answered end, for so long, then lets go of what the function has opened. */
  stop(graceMs: number): Promise<void>
}

/**
 * Loads a handler and starts it with an environment of its own.
 *
 * @param handler absolute path of a `handler.ts`
 * @param log takes what the function writes
 */
export async function startFunction(
  handler: string,
  environment: Environment,
  log: FunctionLog
): Promise<RunningFunction> {
  const module = (await import(pathToFileURL(handler).href)) as FunctionModule
  await log.during(async () => module.start?.(environment))
  const answering = new Set<Promise<Response>>()
  return {
    async invoke(request) {
      if (answering.size >= MAX_INFLIGHT)
        throw new EdgeloopError('OVERLOADED', `the function is answering ${MAX_INFLIGHT} requests already`, {
          hint: 'try again in a moment',
        })
      const answer = log.during(async () => module.default.fetch(request, environment))
      answering.add(answer)
      return answer.finally(() => answering.delete(answer))
    },
    async stop(graceMs) {
      const grace = new AbortController()
      const over = sleep(graceMs, undefined, { signal: grace.signal }).catch(() => {})
      await Promise.race([Promise.allSettled(answering), over])
      grace.abort()
      await log.during(async () => module.stop?.(environment))
    },
  }
}
