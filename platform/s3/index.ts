/** An S3 server that runs inside of the local platform. @module */
export { createS3Server, type S3Server, type S3ServerOptions } from './s3-server.ts'
