/** The HTTP side: a Hono app that authenticates, dispatches and answers errors in S3's XML. @module */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { HttpBindings } from '@hono/node-server'
import { Hono } from 'hono'
import { readAddress } from './address.ts'
import { type Credentials, createAuthenticator } from './authenticate.ts'
import type { S3Store } from './context.ts'
import { dispatch } from './dispatch.ts'
import { errorResponse } from './respond.ts'
import { S3Error } from './s3-error.ts'

export interface S3AppOptions {
  store: S3Store
  credentials: Credentials
  /** Told of every failure that is not the client's. */
  onError?: ((error: unknown) => void) | undefined
}

export interface S3App {
  fetch: Hono<{ Bindings: HttpBindings }>['fetch']
  /** Resolves once nobody is being answered. */
  idle(): Promise<void>
}

export function createS3App({ store, credentials, onError }: S3AppOptions): S3App {
  const authenticate = createAuthenticator(credentials)
  const running = new Set<Promise<Response>>()

  async function answer(incoming: IncomingMessage): Promise<Response> {
    // The raw target: URL classes resolve the dots that S3 keys may hold.
    const target = incoming.url ?? '/'
    const requestId = randomUUID()
    let response: Response
    try {
      const address = readAddress(target)
      const authenticated = authenticate(incoming.method ?? 'GET', address, incoming.headers)
      response = await dispatch({ store, incoming, address, authenticated })
    } catch (error) {
      if (!(error instanceof S3Error)) onError?.(error)
      response = errorResponse(error, target.split('?')[0]!, requestId)
      // What the client still sends has to go somewhere, or the connection hangs.
      incoming.resume()
    }
    response.headers.set('x-amz-request-id', requestId)
    return response
  }

  const app = new Hono<{ Bindings: HttpBindings }>()
  app.all('*', async ({ env: { incoming } }) => {
    const answered = answer(incoming)
    running.add(answered)
    try {
      return await answered
    } finally {
      running.delete(answered)
    }
  })
  return {
    fetch: app.fetch,
    async idle() {
      while (running.size > 0) await Promise.allSettled(running)
    },
  }
}
