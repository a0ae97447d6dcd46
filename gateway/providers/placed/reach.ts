import type { ListedFunction } from './function-list.ts'

/** How the functions of a place are reached. */
export interface Reach {
  /**
   * Does what has to be done for these functions, and no others, to be there.
   * @returns what could not be done, a sentence each
   */
  apply(functions: readonly ListedFunction[]): Promise<string[]>
  /** As `Provider.invoke`, for a function that is in the list and not switched off. */
  invoke(fn: ListedFunction, request: Request): Promise<Response>
  /** As `Provider.origin`. */
  origin(
    fn: ListedFunction,
    avoid: ReadonlySet<string>,
    leaving?: () => AbortSignal
  ): Promise<string | undefined>
  /** Whether it took the last request, as far as is known. */
  answers(fn: ListedFunction): boolean
  close(): Promise<void>
}
