/**
 * A web server around a fetch handler.
 * @module
 */
export {
  hostFromHere,
  type NodeBindings,
  serveHttp,
  type WebServer,
  type WebServerOptions,
} from './web-server.ts'
