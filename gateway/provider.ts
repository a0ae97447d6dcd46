import type { Deployment } from '../lib/stack/index.ts'

/** A deployed function as OpenFaaS lists it: what was asked for, without defaults, and how it is doing. */
export interface FunctionStatus extends Omit<Deployment, 'service'> {
  name: string
  /** Nodes or pods that should run it. */
  replicas: number
  /** Those that do, as far as is known. */
  availableReplicas: number
  invocationCount: number
  createdAt: string
}

/** Something that places and runs functions; the gateway speaks OpenFaaS' REST contract on top of it. */
export interface Provider {
  /** How it names itself in `/system/info`. */
  readonly name: string
  list(): Promise<FunctionStatus[]>
  /** The functions that run where this provider is: events of this place may invoke them. */
  listHere(): Promise<FunctionStatus[]>
  get(name: string): Promise<FunctionStatus | undefined>
  /**
   * Creates or replaces a function.
   * @throws EdgeloopError INVALID_INPUT when it cannot be placed, with what is missing
   */
  deploy(deployment: Deployment): Promise<void>
  /** @returns whether there was one */
  remove(name: string): Promise<boolean>
  /**
   * Sends a request, whose URL path is what the function is to see.
   * @throws EdgeloopError NOT_FOUND when there is no such function, UNAVAILABLE when it cannot be reached now
   */
  invoke(name: string, request: Request): Promise<Response>
  close(): Promise<void>
}
