import type { Deployment } from '../lib/stack/index.ts'

/** Where a function is that names no namespace, as in OpenFaaS. */
export const DEFAULT_NAMESPACE = 'openfaas-fn'

/** A deployed function as OpenFaaS lists it: what was asked for, without defaults, and how it is doing. */
export interface FunctionStatus extends Omit<Deployment, 'service'> {
  name: string
  /** Nodes or pods that should run it. */
  replicas: number
  /** Those that do, as far as is known. */
  availableReplicas: number
  invocationCount: number
  createdAt: string
  /** What holds it up, or how far an update has come: "2 of 3 edges updated; edge-7 offline since …". */
  status?: string
  /** What runs of it now, where somebody asked and the provider measures it: cores, and bytes of memory. */
  usage?: { cpu: number; totalMemoryBytes: number }
}

/** A function at one place, with what whoever invokes it there has to know. */
export interface PlacedFunction extends FunctionStatus {
  /** The port at 127.0.0.1 of that node where it listens, where it has one. */
  port?: number
  /** Switched off at that place: its events wait. */
  disabled?: boolean
}

/** Something that places and runs functions; the gateway speaks OpenFaaS' REST contract on top of it. */
export interface Provider {
  /** How it names itself in `/system/info`. */
  readonly name: string
  readonly secrets: Secrets
  readonly namespaces: Namespaces
  list(namespace?: string): Promise<FunctionStatus[]>
  /**
   * The functions of a place, of all namespaces: events of that place may invoke them.
   * @param place an edge's name; absent for those that run where this provider is
   */
  listAt(place?: string): Promise<PlacedFunction[]>
  /** @param usage also measures what it uses, where the provider can */
  get(name: string, namespace?: string, usage?: boolean): Promise<FunctionStatus | undefined>
  /**
   * Where a function would run if it was deployed: names of nodes.
   * @throws EdgeloopError INVALID_INPUT as `deploy` does
   */
  plan(deployment: Deployment): Promise<string[]>
  /**
   * Creates or replaces a function.
   * @throws EdgeloopError INVALID_INPUT when it cannot be placed, with what is missing
   */
  deploy(deployment: Deployment): Promise<void>
  /** @returns whether there was one */
  remove(name: string, namespace?: string): Promise<boolean>
  /**
   * Runs so many pods of it; 0 stops it.
   * @returns whether there is such a function
   * @throws EdgeloopError INVALID_INPUT when it cannot run so many, with what to do instead
   */
  scale(name: string, replicas: number, namespace?: string): Promise<boolean>
  /** Switches a function off at one edge, or on again; it stays deployed. NOT_FOUND when there is no such edge or function. */
  switchAt(edge: string, name: string, on: boolean): Promise<void>
  /**
   * Sends a request, whose target (`targetOf`) is what the function is to see. `X-Edge` says at which edge.
   * @throws EdgeloopError NOT_FOUND when there is no such function, UNAVAILABLE when it cannot be reached now,
   * MISDIRECTED when it runs at edges and the request names none of them
   */
  invoke(name: string, request: Request, namespace?: string): Promise<Response>
  /**
   * Where a function listens that can be connected to directly, as `http://HOST:PORT`; counts as an invocation.
   * Undefined where `invoke` has to do it.
   * @param avoid origins that did not take a connection; one that takes them again may be given again
   * @param leaving where it has to be waited for: ends the wait
   */
  origin(
    name: string,
    namespace?: string,
    avoid?: ReadonlySet<string>,
    leaving?: () => AbortSignal
  ): Promise<string | undefined>
  /** What functions have written, oldest first; goes on with `follow` until the signal fires. */
  logs(query: LogQuery, signal: AbortSignal): AsyncIterable<LogLine>
  close(): Promise<void>
}

export interface LogQuery {
  name: string
  namespace?: string
  /** Only of this pod. */
  instance?: string
  /** So many lines of each pod; all when absent. */
  tail?: number
  /** Not before this instant. */
  since?: Date
  follow: boolean
}

/** A line as `faas-cli logs` reads it. */
export interface LogLine {
  name: string
  namespace: string
  instance: string
  /** RFC 3339. */
  timestamp: string
  text: string
}

/** What functions read below `/var/openfaas/secrets`. */
export interface Secrets {
  list(namespace?: string): Promise<{ name: string; namespace: string }[]>
  /** @throws EdgeloopError CONFLICT when there is one already */
  create(secret: Secret): Promise<void>
  /** @returns whether there was one */
  update(secret: Secret): Promise<boolean>
  /** @returns whether there was one */
  remove(name: string, namespace?: string): Promise<boolean>
}

export interface Secret {
  name: string
  namespace?: string
  value: Uint8Array
}

/** Namespaces that may hold functions. */
export interface Namespaces {
  list(): Promise<Namespace[]>
  get(name: string): Promise<Namespace | undefined>
  /** @throws EdgeloopError CONFLICT when there is one already */
  create(namespace: Namespace): Promise<void>
  /** @returns whether there was one */
  update(namespace: Namespace): Promise<boolean>
  /** With the functions in it. @returns whether there was one */
  remove(name: string): Promise<boolean>
}

export interface Namespace {
  name: string
  labels: Record<string, string>
  annotations: Record<string, string>
}
