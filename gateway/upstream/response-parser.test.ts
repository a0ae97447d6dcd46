import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EdgeloopError } from '../../lib/errors/index.ts'
import type { ResponseHead } from './response-head.ts'
import { createResponseParser } from './response-parser.ts'

interface Read {
  head: ResponseHead | undefined
  body: string
  ended: 'reusable' | 'spent' | undefined
}

/** Reads one answer that comes in pieces; the other side ends behind it where it is told to. */
function read(pieces: readonly string[], { method = 'GET', end = false } = {}): Read {
  const parser = createResponseParser()
  const result: Read = { head: undefined, body: '', ended: undefined }
  parser.expect(method, {
    onHead(head) {
      result.head = head
    },
    onData(piece) {
      result.body += piece.toString('latin1')
    },
    onEnd(reusable) {
      result.ended = reusable ? 'reusable' : 'spent'
    },
  })
  for (const piece of pieces) parser.push(Buffer.from(piece, 'latin1'))
  if (end) parser.end()
  return result
}
const lines = (...all: string[]) => all.join('\r\n')

describe('an answer', () => {
  it.each<[string, string, Partial<Read>, { method?: string; end?: boolean }?]>([
    [
      'with a length',
      lines('HTTP/1.1 200 OK', 'Content-Length: 5', '', 'hello'),
      { body: 'hello', ended: 'reusable' },
    ],
    ['without a body', lines('HTTP/1.1 204 No Content', '', ''), { body: '', ended: 'reusable' }],
    ['of length 0', lines('HTTP/1.1 200 OK', 'content-length: 0', '', ''), { body: '', ended: 'reusable' }],
    [
      'in chunks, with extensions and trailers',
      lines(
        'HTTP/1.1 200 OK',
        'Transfer-Encoding: chunked',
        '',
        '3;a=b',
        'one',
        'A ',
        '0123456789',
        '0',
        'X: y',
        '',
        ''
      ),
      { body: 'one0123456789', ended: 'reusable' },
    ],
    [
      'until the end',
      lines('HTTP/1.1 200 OK', '', 'hello'),
      { body: 'hello', ended: 'spent' },
      { end: true },
    ],
    [
      'to HEAD',
      lines('HTTP/1.1 200 OK', 'Content-Length: 5', '', ''),
      { body: '', ended: 'reusable' },
      { method: 'HEAD' },
    ],
    [
      'after interim ones',
      lines(
        'HTTP/1.1 100 Continue',
        '',
        'HTTP/1.1 103 Early Hints',
        'Link: x',
        '',
        'HTTP/1.1 201 Created',
        'Content-Length: 1',
        '',
        'x'
      ),
      { body: 'x', ended: 'reusable' },
    ],
    [
      'that is the last one',
      lines('HTTP/1.1 200 OK', 'Connection: close', 'Content-Length: 1', '', 'x'),
      { body: 'x', ended: 'spent' },
    ],
    ['of HTTP/1.0', lines('HTTP/1.0 200 OK', 'Content-Length: 1', '', 'x'), { body: 'x', ended: 'spent' }],
    [
      'followed by more, which is nobody’s',
      lines('HTTP/1.1 200 OK', 'Content-Length: 1', '', 'xHTTP/1.1 200 OK', 'Content-Length: 0', '', ''),
      { body: 'x', ended: 'spent' },
    ],
    [
      'with a length and chunks, of which the chunks count',
      lines('HTTP/1.1 200 OK', 'Content-Length: 1', 'Transfer-Encoding: chunked', '', '2', 'xy', '0', '', ''),
      { body: 'xy', ended: 'spent' },
    ],
  ])('%s', (_name, text, expected, options) => {
    expect(read([text], options)).toMatchObject(expected)
    // Wherever the network cuts it.
    const cut = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: text.length, maxLength: text.length })
    fc.assert(
      fc.property(cut, (sizes) => {
        const pieces: string[] = []
        for (let at = 0, i = 0; at < text.length; at += sizes[i++]!)
          pieces.push(text.slice(at, at + sizes[i]!))
        // What comes behind an answer, in a piece of its own, is refused when it comes.
        if (text.includes('xHTTP')) return
        expect(read(pieces, options)).toMatchObject(expected)
      }),
      { numRuns: 30 }
    )
  })

  it('keeps its header lines, without those of the connection', () => {
    const { head } = read([
      lines(
        'HTTP/1.1 418 a teapot',
        'Set-Cookie: a=1',
        'set-cookie: b=2',
        'Connection: Keep-Alive, X-Mine',
        'X-Mine: here',
        'Keep-Alive: timeout=7, max=100',
        'Content-Length: 0',
        'X-Empty:',
        '',
        ''
      ),
    ])
    expect(head).toMatchObject({
      status: 418,
      headers: ['Set-Cookie', 'a=1', 'set-cookie', 'b=2', 'Content-Length', '0', 'X-Empty', ''],
      persistent: true,
      idleMs: 7000,
    })
  })

  it.each([
    ['another protocol', 'SSH-2.0-OpenSSH\r\n\r\n'],
    ['a status that is none', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['another version', 'HTTP/2.0 200 OK\r\n\r\n'],
    ['a line without a name', 'HTTP/1.1 200 OK\r\n: x\r\n\r\n'],
    ['a name with a space', 'HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n'],
    ['a folded line', 'HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n'],
    ['a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n'],
    ['a length in hexadecimal', 'HTTP/1.1 200 OK\r\nContent-Length: 0x10\r\n\r\n'],
    ['another encoding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n'],
    ['a chunk that is none', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n'],
    ['a chunk longer than it says', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n'],
    ['chunks with bare line feeds', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\nab\n'],
    ['nothing but interim answers', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(17)],
    ['long interim answers', `HTTP/1.1 103 Early Hints\r\nLink: ${'x'.repeat(9000)}\r\n\r\n`.repeat(8)],
    [
      'endless trailers',
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${'X: y\r\n'.repeat(5000)}`,
    ],
    ['another protocol to switch to', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n'],
    ['an endless header', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}`],
    ['an endless chunk size', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(2000)}`],
  ])('with %s is refused', (_name, text) => {
    expect(() => read([text])).toThrow(EdgeloopError)
  })

  it.each([
    ['in its header', 'HTTP/1.1 200 OK\r\nContent-'],
    ['in its body', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe'],
    ['in a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe'],
    ['before the last chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n'],
  ])('that breaks off %s is not whole', (_name, text) => {
    expect(() => read([text], { end: true })).toThrow('it broke off')
  })

  it('that nobody asked for is refused', () => {
    const parser = createResponseParser()
    expect(() => parser.push(Buffer.from('HTTP/1.1 200 OK\r\n\r\n'))).toThrow('more than it was asked')
  })

  it('never throws anything but what says what is wrong, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (pieces) => {
        try {
          read(['HTTP/1.1 200 OK\r\n', ...pieces])
        } catch (error) {
          expect(error).toBeInstanceOf(EdgeloopError)
        }
      })
    )
  })
})
