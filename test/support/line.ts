import { createServer, request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

type When = (request: { method: string; path: string }) => boolean | Promise<boolean>

/** A way to a server that can be cut, for some requests or for all. */
export interface Line {
  /** `http://127.0.0.1:PORT` */
  url: string
  /** Requests that it says true to break off before they arrive. */
  cut(when: When): void
  /** Requests that it says true to arrive; their answers do not. */
  cutAnswers(when: When): void
  mend(): void
  close(): Promise<void>
}

/** Passes requests on as they are, host included: a signature covers it. */
export async function openLine(target: string): Promise<Line> {
  const { hostname, port } = new URL(target)
  let isCut: When = () => false
  let isAnswerCut: When = () => false
  const server: Server = createServer(async (request, response) => {
    const { method = '', url: path = '', headers } = request
    if (await isCut({ method, path })) return void request.socket.destroy()
    const onward = httpRequest({ hostname, port, method, path, headers }, async (answer) => {
      if (await isAnswerCut({ method, path })) return void request.socket.destroy()
      response.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => request.socket.destroy())
    request.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut(when) {
      isCut = when
    },
    cutAnswers(when) {
      isAnswerCut = when
    },
    mend() {
      isCut = () => false
      isAnswerCut = () => false
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
