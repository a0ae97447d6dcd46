import { type ResponseHead, readResponseHead } from './response-head.ts'
import { unreadable } from './unreadable.ts'

/** Gets the parts of one answer. */
export interface ResponseReader {
  onHead(head: ResponseHead): void
  onData(piece: Buffer): void
  /** @param reusable whether the connection can take another request */
  onEnd(reusable: boolean): void
}

/** Reads the answers of one connection, one after the other. */
export interface ResponseParser {
  /** @param method of the request that is answered next */
  expect(method: string, reader: ResponseReader): void
  /** @throws EdgeloopError BAD_GATEWAY saying what is wrong; the connection is of no use then */
  push(bytes: Buffer): void
  /**
   * The other side has nothing more to say.
   * @throws EdgeloopError BAD_GATEWAY when an answer is not complete
   */
  end(): void
}

/** Bounds on what has to be kept until it is whole, in bytes; that of the head counts for interim ones with it. */
const MAX_HEAD = 64 * 1024
const MAX_LINE = 1024
/** Bounds on what is read and passed on to nobody: interim answers, and what comes behind the last chunk, in bytes. */
const MAX_INTERIM = 16
const MAX_TRAILERS = 16 * 1024

const NOTHING: Buffer = Buffer.alloc(0)
const END_OF_HEAD = Buffer.from('\r\n\r\n')

/** HTTP/1.1 answers, RFC 9112. Bytes of a body are passed on as they come and never copied. */
export function createResponseParser(): ResponseParser {
  let state: 'idle' | 'head' | 'length' | 'until close' | 'size' | 'chunk' | 'behind chunk' | 'trailers' =
    'idle'
  let method = ''
  let reader: ResponseReader | undefined
  /** What has come of a head or a line that is not whole yet. */
  let kept = NOTHING
  /** Bytes that are still to come, of the body or of the chunk. */
  let left = 0
  let persistent = false
  /** What has been read of this answer that nobody gets: heads of interim answers in number and bytes, bytes of trailers. */
  let interim = 0
  let interimBytes = 0
  let trailerBytes = 0

  /** @returns where it goes on */
  function readHead(bytes: Buffer): Buffer {
    const all = kept.length > 0 ? Buffer.concat([kept, bytes]) : bytes
    const end = all.indexOf(END_OF_HEAD)
    if (interimBytes + (end === -1 ? all.length : end) > MAX_HEAD) throw unreadable('its header is too long')
    if (end === -1) {
      kept = all
      return NOTHING
    }
    kept = NOTHING
    const head = readResponseHead(all.toString('latin1', 0, end), method)
    // Interim answers (100, 103) come before the one that counts.
    if (head.status === 101) throw unreadable('it switches protocols, which nobody asked for')
    if (head.status < 200) {
      if (++interim > MAX_INTERIM) throw unreadable('it answers with interim answers only')
      interimBytes += end + END_OF_HEAD.length
      return all.subarray(end + END_OF_HEAD.length)
    }
    left = head.length
    persistent = head.persistent
    if (head.body === 'none' || (head.body === 'length' && left === 0)) state = 'idle'
    else state = head.body === 'chunked' ? 'size' : head.body
    reader?.onHead(head)
    return all.subarray(end + END_OF_HEAD.length)
  }

  /** The line that ends in these bytes, without its end; undefined while it does not. */
  function readLine(bytes: Buffer): { line: string; rest: Buffer } | undefined {
    const end = bytes.indexOf(10)
    if (kept.length + (end === -1 ? bytes.length : end) > MAX_LINE) throw unreadable('its chunks are none')
    if (end === -1) {
      kept = Buffer.concat([kept, bytes])
      return undefined
    }
    const line = kept.toString('latin1') + bytes.toString('latin1', 0, end)
    kept = NOTHING
    if (!line.endsWith('\r')) throw unreadable('its chunks are none')
    return { line: line.slice(0, -1), rest: bytes.subarray(end + 1) }
  }

  function readSize(line: string): void {
    const size = /^([0-9a-fA-F]{1,12})[\t ]*(?:;.*)?$/.exec(line)?.[1]
    if (size === undefined) throw unreadable('its chunks are none')
    left = Number.parseInt(size, 16)
    state = left === 0 ? 'trailers' : 'chunk'
  }

  /** Nobody gets it. */
  function readTrailer(line: string): void {
    trailerBytes += line.length + 2
    if (trailerBytes > MAX_TRAILERS) throw unreadable('its trailers are too long')
  }

  function readBody(bytes: Buffer): Buffer {
    const piece = bytes.length > left ? bytes.subarray(0, left) : bytes
    left -= piece.length
    reader?.onData(piece)
    if (left === 0) state = state === 'chunk' ? 'behind chunk' : 'idle'
    return bytes.subarray(piece.length)
  }

  function readFraming(bytes: Buffer): Buffer {
    const found = readLine(bytes)
    if (!found) return NOTHING
    const { line, rest } = found
    if (state === 'size') readSize(line)
    else if (state === 'behind chunk') {
      if (line !== '') throw unreadable('its chunks are none')
      state = 'size'
    } else if (line === '') state = 'idle'
    else readTrailer(line)
    return rest
  }

  const isDone = () => state === 'idle'
  function finish(reusable: boolean): void {
    const finished = reader
    state = 'idle'
    reader = undefined
    finished?.onEnd(reusable)
  }

  return {
    expect(next, nextReader) {
      method = next
      reader = nextReader
      state = 'head'
      interim = 0
      interimBytes = 0
      trailerBytes = 0
    },
    push(bytes) {
      if (state === 'idle') throw unreadable('it says more than it was asked')
      let rest = bytes
      while (rest.length > 0 && !isDone()) {
        if (state === 'head') rest = readHead(rest)
        else if (state === 'length' || state === 'chunk') rest = readBody(rest)
        else if (state === 'until close') {
          reader?.onData(rest)
          rest = NOTHING
        } else rest = readFraming(rest)
      }
      // More than the answer would be taken for the answer to the next request.
      if (isDone()) finish(persistent && rest.length === 0)
    },
    end() {
      if (state === 'until close') finish(false)
      else if (state !== 'idle') throw unreadable('it broke off')
    },
  }
}
