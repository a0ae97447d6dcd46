/**
 * A web server around a fetch handler.
 * @module
 */
export { hostFromHere, serveHttp, type WebServer, type WebServerOptions } from './web-server.ts'
