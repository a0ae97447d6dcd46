import { EdgeloopError } from '../../lib/errors/index.ts'
import type { Target } from './target.ts'

/** What is under way. */
export interface Stoppable {
  stop(why: EdgeloopError): void
}

/** Bounds an invocation in time. */
export class Deadline {
  /** Whoever has to stop when the time is up. */
  running: Stoppable
  over = false
  readonly #target: Target
  readonly #ms: number
  readonly #timer: NodeJS.Timeout

  constructor(target: Target, ms: number, running: Stoppable) {
    this.#target = target
    this.#ms = ms
    this.running = running
    this.#timer = setTimeout(expire, ms, this)
  }

  expire(): void {
    const { name } = this.#target
    this.over = true
    this.running.stop(
      new EdgeloopError('TIMEOUT', `${name} did not answer within ${this.#ms / 1000} s`, {
        where: name,
        hint: 'let it answer sooner, or allow more time in the settings of the gateway',
      })
    )
  }

  clear(): void {
    clearTimeout(this.#timer)
  }
}

const expire = (deadline: Deadline) => deadline.expire()
