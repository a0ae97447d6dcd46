/**
 * A small L-BFGS for smooth convex functions.
 * @module
 */

/** How many past steps shape the next one. */
const MEMORY = 10
/** Weak Wolfe conditions: enough decrease, enough flattening (Nocedal & Wright, Numerical Optimization, ch. 3). */
const DECREASE = 1e-4
const FLATTENING = 0.9
const MAX_TRIALS = 40

/** Returns the value at `point` and writes the gradient there into `gradient`. */
export type Objective = (point: Float64Array, gradient: Float64Array) => number

export interface Minimum {
  point: Float64Array
  value: number
  iterations: number
  /** False when it stopped at `maxIterations`, or where rounding allowed no further descent, above the tolerance. */
  converged: boolean
}

export interface MinimiseOptions {
  /** Done when ‖gradient‖ ≤ tolerance · max(1, ‖point‖). */
  tolerance?: number
  maxIterations?: number
}

/** Minimises a convex function from `start` (left as it is). Deterministic. */
export function minimise(objective: Objective, start: Float64Array, options: MinimiseOptions = {}): Minimum {
  const { tolerance = 1e-4, maxIterations = 1000 } = options
  const size = start.length
  let point = Float64Array.from(start)
  let gradient = new Float64Array(size)
  let value = objective(point, gradient)
  let nextPoint = new Float64Array(size)
  let nextGradient = new Float64Array(size)
  const direction = new Float64Array(size)
  const history: Step[] = []

  let iterations = 0
  for (; iterations < maxIterations; iterations++) {
    const length = norm(gradient)
    if (length <= tolerance * Math.max(1, norm(point))) return { point, value, iterations, converged: true }
    descend(direction, gradient, history)
    let slope = dot(direction, gradient)
    if (!(slope < 0)) {
      history.length = 0
      descend(direction, gradient, history)
      slope = -length * length
    }

    // Bisection between the longest step known to be too short and the shortest known to be too long: it finds a step
    // that meets both conditions on any smooth function that is bounded below.
    let step = history.length > 0 ? 1 : Math.min(1, 1 / length)
    let short = 0
    let long = Number.POSITIVE_INFINITY
    let nextValue = value
    let found = false
    for (let trial = 0; trial < MAX_TRIALS && !found; trial++) {
      for (let i = 0; i < size; i++) nextPoint[i] = point[i]! + step * direction[i]!
      nextValue = objective(nextPoint, nextGradient)
      if (!(nextValue <= value + DECREASE * step * slope)) long = step
      else if (dot(nextGradient, direction) < FLATTENING * slope) short = step
      else found = true
      if (!found) step = long === Number.POSITIVE_INFINITY ? 2 * short : (short + long) / 2
    }
    if (!found) return { point, value, iterations, converged: false }

    const change = history.length < MEMORY ? emptyStep(size) : history.shift()!
    for (let i = 0; i < size; i++) {
      change.point[i] = nextPoint[i]! - point[i]!
      change.gradient[i] = nextGradient[i]! - gradient[i]!
    }
    change.product = dot(change.point, change.gradient)
    if (change.product > 0) history.push(change)
    ;[point, nextPoint] = [nextPoint, point]
    ;[gradient, nextGradient] = [nextGradient, gradient]
    value = nextValue
  }
  return { point, value, iterations, converged: false }
}

interface Step {
  point: Float64Array
  gradient: Float64Array
  product: number
  /** Scratch of the two-loop recursion. */
  alpha: number
}

function emptyStep(size: number): Step {
  return { point: new Float64Array(size), gradient: new Float64Array(size), product: 0, alpha: 0 }
}

/** direction = −H·gradient by the two-loop recursion (Nocedal & Wright, algorithm 7.4). */
function descend(direction: Float64Array, gradient: Float64Array, history: Step[]): void {
  for (let i = 0; i < direction.length; i++) direction[i] = -gradient[i]!
  for (let k = history.length - 1; k >= 0; k--) {
    const step = history[k]!
    step.alpha = dot(step.point, direction) / step.product
    add(direction, -step.alpha, step.gradient)
  }
  const last = history.at(-1)
  if (last) {
    const gamma = last.product / dot(last.gradient, last.gradient)
    for (let i = 0; i < direction.length; i++) direction[i]! *= gamma
  }
  for (const step of history)
    add(direction, step.alpha - dot(step.gradient, direction) / step.product, step.point)
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

function add(target: Float64Array, factor: number, source: Float64Array): void {
  for (let i = 0; i < target.length; i++) target[i]! += factor * source[i]!
}

function norm(a: Float64Array): number {
  return Math.sqrt(dot(a, a))
}
