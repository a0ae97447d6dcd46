/** Whether an answer is over where its head ends, whatever its head says. RFC 9112, 6.3. */
export function endsWithItsHead(method: string, status: number): boolean {
  return method === 'HEAD' || status === 204 || status === 304 || status < 200
}

/** Whether an answer has no body; with 205, one of no length may be sent. `Response` refuses a body for the same ones. */
export function isWithoutBody(method: string, status: number): boolean {
  return status === 205 || endsWithItsHead(method, status)
}
