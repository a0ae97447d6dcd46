/**
 * A function that takes so long for each request, and notes when each was done; asked by message, it says how many there
 * were, and forgets them: `{ count, first, last }`, times in milliseconds.
 * @module
 */
import { createServer } from 'node:http'

const delay = Number(process.env.DELAY_MS)
let times: number[] = []

createServer((request, response) => {
  request.resume().on('end', () => {
    const answer = () => {
      // Whoever starts this asks whether it answers.
      if (request.headers['x-connector']) times.push(performance.now())
      response.end()
    }
    if (delay > 0) setTimeout(answer, delay)
    else answer()
  })
}).listen(Number(process.env.PORT), process.env.HOST)

process.on('message', (message) => {
  process.send!({ count: times.length, first: times[0] ?? 0, last: times.at(-1) ?? 0 })
  if (message === 'forget') times = []
})
