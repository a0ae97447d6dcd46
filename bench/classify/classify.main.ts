/**
 * The function's process, as its image has it; asked by message, it says how long its event loop was held up since it was
 * asked last: the 99th percentile in milliseconds.
 * @module
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import '../../templates/node-typescript/main.ts'

/** In milliseconds. The delays that Node tells contain it. */
const RESOLUTION = 10

const delays = monitorEventLoopDelay({ resolution: RESOLUTION })
delays.enable()
process.on('message', () => {
  process.send!(delays.percentile(99) / 1e6 - RESOLUTION)
  delays.reset()
})
