import { Agent, request } from 'node:http'
import { median } from '../median.ts'

/**
 * The median time of a request in milliseconds, one caller, one connection to each place: they are asked in turn, so
 * that whatever else the machine does hits them alike.
 */
export async function medianLatencies(
  urls: readonly string[],
  body: Buffer,
  times: number
): Promise<number[]> {
  const agents = urls.map(() => new Agent({ keepAlive: true, maxSockets: 1 }))
  const taken: number[][] = urls.map(() => [])
  for (let i = 0; i < times; i++)
    for (const [place, url] of urls.entries()) taken[place]!.push(await once(url, body, agents[place]!))
  for (const agent of agents) agent.destroy()
  return taken.map((times) => median(times.slice(times.length / 4)))
}

function once(url: string, body: Buffer, agent: Agent): Promise<number> {
  const started = performance.now()
  return new Promise((resolve, reject) => {
    const asking = request(
      url,
      { method: 'POST', agent, headers: { 'Content-Length': body.length } },
      (answer) => {
        answer.resume().on('end', () => resolve(performance.now() - started))
      }
    )
    asking.on('error', reject)
    asking.end(body)
  })
}
