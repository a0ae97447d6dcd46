/**
 * HTTP/1.1 connections to functions, on bare sockets: what `node:http` and undici do for each request costs more than
 * everything else on a gateway's way. Figures in docs/decisions/bare-sockets.md.
 * @module
 */
export type { AnswerReader, Connection } from './connection.ts'
export { type ConnectionPool, createConnectionPool, type Wanted } from './pool.ts'
export type { ResponseHead } from './response-head.ts'
