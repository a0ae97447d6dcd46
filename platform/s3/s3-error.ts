/**
 * The errors that S3 answers with: a code that clients switch on, its status and a sentence.
 * Codes and statuses as in the "List of error codes" of the Amazon S3 API reference.
 * @module
 */

const ERRORS = {
  AccessDenied: [403, 'Access denied.'],
  AuthorizationHeaderMalformed: [400, 'The Authorization header is not one that signature version 4 makes.'],
  AuthorizationQueryParametersError: [400, 'The signature in the query is malformed.'],
  BadDigest: [400, 'The checksum that was sent is not that of the body.'],
  BucketAlreadyOwnedByYou: [409, 'The bucket exists already, and it is yours.'],
  BucketNotEmpty: [409, 'The bucket still holds objects.'],
  EntityTooLarge: [400, 'The body is larger than 5 GiB.'],
  EntityTooSmall: [400, 'Every part but the last has at least 5 MiB.'],
  ExpiredToken: [403, 'The presigned address has expired.'],
  IncompleteBody: [400, 'The body ended before its announced length.'],
  InternalError: [500, 'Something went wrong inside the server.'],
  InvalidAccessKeyId: [403, 'The access key is not known here.'],
  InvalidArgument: [400, 'An argument is out of range.'],
  InvalidBucketName: [400, 'A bucket name has 3 to 63 lower-case letters, digits, dots and hyphens.'],
  InvalidDigest: [400, 'The Content-MD5 is not 16 bytes in base64.'],
  InvalidPart: [400, 'A part was not uploaded, or its ETag or checksum is another one.'],
  InvalidPartOrder: [400, 'The parts are not in ascending order.'],
  InvalidRange: [416, 'The range lies outside of the object.'],
  InvalidRequest: [400, 'The request contradicts itself.'],
  InvalidURI: [400, 'The address does not decode.'],
  KeyTooLongError: [400, 'A key has at most 1,024 bytes of UTF-8.'],
  MalformedXML: [400, 'The XML is not what this operation expects.'],
  MetadataTooLarge: [400, 'User metadata has at most 2 KiB.'],
  MethodNotAllowed: [405, 'The method is not allowed on this resource.'],
  MissingContentLength: [411, 'The Content-Length header is missing.'],
  NoSuchBucket: [404, 'The bucket does not exist.'],
  NoSuchKey: [404, 'The key does not exist.'],
  NoSuchUpload: [404, 'The multipart upload does not exist: it was aborted or completed.'],
  NotImplemented: [501, 'This server does not do that.'],
  NotModified: [304, 'Not modified.'],
  PreconditionFailed: [412, 'At least one of the preconditions did not hold.'],
  RequestTimeTooSkewed: [403, 'The clocks of client and server are more than 15 minutes apart.'],
  SignatureDoesNotMatch: [403, 'The signature is not the one that the secret key makes of this request.'],
  /** S3 itself is never full; the name as other stores with disks have it. */
  StorageFull: [507, 'The disk of this server is full.'],
  XAmzContentSHA256Mismatch: [400, 'The x-amz-content-sha256 header is not the SHA-256 of the body.'],
} as const

export type S3ErrorCode = keyof typeof ERRORS

/** A failure in S3's own words; the app turns it into XML. */
export class S3Error extends Error {
  readonly code: S3ErrorCode
  /** Header fields that go out with the answer. */
  readonly headers: Record<string, string>

  constructor(code: S3ErrorCode, message?: string, headers: Record<string, string> = {}) {
    super(message ?? ERRORS[code][1])
    this.name = 'S3Error'
    this.code = code
    this.headers = headers
  }

  get status(): (typeof ERRORS)[S3ErrorCode][0] {
    return ERRORS[this.code][0]
  }
}
