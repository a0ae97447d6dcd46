import { pathToFileURL } from 'node:url'
import type { Environment, FunctionModule } from '../../../lib/function/index.ts'

/** A function that runs in this process. */
export interface RunningFunction {
  invoke(request: Request): Promise<Response>
  stop(): Promise<void>
}

/**
 * Loads a handler and starts it with an environment of its own.
 *
 * @param handler absolute path of a `handler.ts`
 */
export async function startFunction(handler: string, environment: Environment): Promise<RunningFunction> {
  const module = (await import(pathToFileURL(handler).href)) as FunctionModule
  await module.start?.(environment)
  return {
    invoke: async (request) => module.default.fetch(request, environment),
    stop: async () => module.stop?.(environment),
  }
}
