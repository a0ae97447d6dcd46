import autocannon from 'autocannon'

const HEADERS = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }

export interface Load {
  connections: number
  body: Buffer
  /** Seconds. */
  duration: number
}

/** Requests a second. Throws where one of them is not answered as it should. */
export async function requestRate(url: string, { connections, body, duration }: Load): Promise<number> {
  const { requests, errors, non2xx } = await autocannon({
    url,
    method: 'POST',
    headers: HEADERS,
    body,
    connections,
    duration,
  })
  if (errors + non2xx > 0) throw new Error(`${url}: ${errors} errors, ${non2xx} bad answers`)
  return requests.total / duration
}
