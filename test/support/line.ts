import { createServer, request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Transform } from 'node:stream'

type When = (request: { method: string; path: string }) => boolean | Promise<boolean>

/** A way to a server that can be cut, for some requests or for all. */
export interface Line {
  /** `http://127.0.0.1:PORT` */
  url: string
  /** Requests that it says true to break off before they arrive. */
  cut(when: When): void
  /** Requests that it says true to arrive; their answers do not. */
  cutAnswers(when: When): void
  /** Requests that it says true to are answered with 500, and do not arrive. */
  fail(when: When): void
  /**
   * Lets so many more bytes of bodies pass, up and down together. Then it breaks off what is under way and whatever comes,
   * or it stalls: nobody hears anything any more.
   */
  endAfter(bytes: number, how: 'cut' | 'stall'): void
  mend(): void
  /** Bytes of bodies that have passed so far. */
  carried: { up: number; down: number }
  close(): Promise<void>
}

/** Passes requests on as they are, host included: a signature covers it. */
export async function openLine(target: string): Promise<Line> {
  const { hostname, port } = new URL(target)
  let isCut: When = () => false
  let isAnswerCut: When = () => false
  let isFailing: When = () => false
  let left = Number.POSITIVE_INFINITY
  let isStalling = false
  const carried = { up: 0, down: 0 }

  /** Counts what passes, and ends when nothing more may. */
  const counting = (direction: keyof typeof carried, cutOff: () => void) =>
    new Transform({
      transform(chunk: Buffer, _, done) {
        const passing = chunk.subarray(0, left)
        carried[direction] += passing.length
        left -= passing.length
        this.push(passing)
        if (left > 0) done()
        else if (!isStalling) setImmediate(cutOff)
      },
    })

  const server: Server = createServer(async (request, response) => {
    const { method = '', url: path = '', headers } = request
    const cutOff = () => void request.socket.destroy()
    if (left === 0 && isStalling) return
    if (left === 0 || (await isCut({ method, path }))) return cutOff()
    if (await isFailing({ method, path })) {
      request.resume().on('end', () => response.writeHead(500).end('out of order'))
      return
    }
    const onward = httpRequest({ hostname, port, method, path, headers }, async (answer) => {
      if (await isAnswerCut({ method, path })) return cutOff()
      response.writeHead(answer.statusCode!, answer.headers)
      answer.on('error', cutOff).pipe(counting('down', cutOff)).pipe(response)
    })
    onward.on('error', cutOff)
    request.on('close', () => request.complete || onward.destroy())
    response.on('close', () => response.writableFinished || onward.destroy())
    request.pipe(counting('up', cutOff)).pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut(when) {
      isCut = when
    },
    fail(when) {
      isFailing = when
    },
    cutAnswers(when) {
      isAnswerCut = when
    },
    endAfter(bytes, how) {
      left = bytes
      isStalling = how === 'stall'
    },
    carried,
    mend() {
      left = Number.POSITIVE_INFINITY
      isCut = () => false
      isAnswerCut = () => false
      isFailing = () => false
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
