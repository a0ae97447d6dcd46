import { secretMatch } from '../../lib/secret-match/index.ts'

/** What `faas-cli login` is given. */
export interface Credentials {
  user: string
  password: string
}

/** Says who a request comes from, by its `Authorization`. */
export interface Authenticator {
  /** Somebody who may do everything; everybody, where no credentials are asked for. */
  isUser(authorization: string | undefined): boolean
  /** An edge's agent, or somebody who may do everything. */
  isEdge(authorization: string | undefined): boolean
}

/**
 * Compares with what is configured, in a time that tells nothing about it.
 *
 * @param credentials none: whoever can connect may do everything
 * @param edgeToken what agents and the connector present as bearer token
 */
export function createAuthenticator(credentials?: Credentials, edgeToken?: string): Authenticator {
  const user = credentials && secretMatch(`${credentials.user}:${credentials.password}`)
  const edge = edgeToken ? secretMatch(edgeToken) : undefined
  const isUser = (authorization: string | undefined) => {
    if (!user) return true
    const encoded = /^basic +([A-Za-z0-9+/_=-]+)$/i.exec(authorization ?? '')?.[1]
    return encoded !== undefined && user(Buffer.from(encoded, 'base64'))
  }
  return {
    isUser,
    isEdge(authorization) {
      const token = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
      if (edge && token !== undefined) return edge(token)
      return user !== undefined || !edge ? isUser(authorization) : false
    },
  }
}

/**
 * At an edge, where the gateway's credentials are not known: who has the edge's token may invoke what asks for them.
 * @param token none: whoever can connect may
 */
export function createEdgeAuthenticator(token: string | undefined): Authenticator {
  const { isEdge } = createAuthenticator(undefined, token)
  return { isUser: isEdge, isEdge }
}
