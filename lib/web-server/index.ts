/**
 * A web server around a fetch handler.
 * @module
 */
export { serveHttp, type WebServer, type WebServerOptions } from './web-server.ts'
