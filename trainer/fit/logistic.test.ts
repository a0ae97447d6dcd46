import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRandom } from '../../lib/random/index.ts'
import { minimise } from './lbfgs.ts'
import { fitLogistic, type LogisticProblem, logisticObjective } from './logistic.ts'
import { linearLogits } from './out-of-fold.ts'
import { measureScale } from './scale.ts'

function problem(seed: number, n: number, dimensions: number, classes: number, c = 0.1): LogisticProblem {
  const normal = createRandom(seed).normal
  const targets = Int32Array.from({ length: n }, (_, i) => i % classes)
  const centres = Array.from({ length: classes }, () => Float64Array.from({ length: dimensions }, normal))
  const rows = Array.from(targets, (k) =>
    Float32Array.from(centres[k]!, (value, d) => (1 + d) * (5 + value + normal()))
  )
  const weights = Float64Array.from({ length: n }, () => 0.2 + Math.abs(normal()))
  return { rows, targets, weights, classes, c, ...measureScale(rows) }
}

/** The same loss, written from its definition on standardised features, with the gradient by central differences. */
function plainLoss(
  { rows, targets, weights, mean, scale, classes, c = 0.1 }: LogisticProblem,
  point: Float64Array
): number {
  const dimensions = mean.length
  const vectors = classes === 2 ? 1 : classes
  const logits = (row: Float32Array): number[] => {
    const z = Array.from({ length: vectors }, (_, v) => {
      let sum = point[vectors * dimensions + v]!
      for (let d = 0; d < dimensions; d++)
        sum += (point[v * dimensions + d]! * (row[d]! - mean[d]!)) / scale[d]!
      return sum
    })
    return classes === 2 ? [0, z[0]!] : z
  }
  let loss = 0
  rows.forEach((row, i) => {
    const z = logits(row)
    const sum = z.reduce((total, value) => total + Math.exp(value), 0)
    loss -= weights[i]! * Math.log(Math.exp(z[targets[i]!]!) / sum)
  })
  const penalised = point.subarray(0, vectors * dimensions)
  return penalised.reduce((sum, weight) => sum + (weight * weight) / 2, 0) + c * loss
}

describe('logistic regression', () => {
  it.each([2, 3, 4])('has the value of its definition and its gradient, with %i classes', (classes) => {
    const given = problem(classes, 14, 5, classes)
    const normal = createRandom(9).normal
    const size = (classes === 2 ? 1 : classes) * 6
    const point = Float64Array.from({ length: size }, normal)
    const gradient = new Float64Array(size)
    const value = logisticObjective(given)(point, gradient)
    expect(value).toBeCloseTo(plainLoss(given, point), 9)
    for (let i = 0; i < size; i++) {
      const [above, below] = [1e-5, -1e-5].map((step) => {
        const moved = Float64Array.from(point)
        moved[i]! += step
        return plainLoss(given, moved)
      }) as [number, number]
      expect(gradient[i]).toBeCloseTo((above - below) / 2e-5, 5)
    }
  })

  it.each([2, 3])('finds the optimum that slow gradient descent finds, with %i classes', (classes) => {
    const given = problem(20 + classes, 30, 4, classes)
    const fit = fitLogistic(given)
    expect(fit.converged).toBe(true)
    const objective = logisticObjective(given)
    const slow = new Float64Array(fit.solution.length)
    const gradient = new Float64Array(slow.length)
    for (let i = 0; i < 20_000; i++) {
      objective(slow, gradient)
      for (let j = 0; j < slow.length; j++) slow[j]! -= 0.05 * gradient[j]!
    }
    const difference = objective(fit.solution, gradient) - objective(slow, gradient)
    expect(Math.abs(difference)).toBeLessThan(1e-7)
    const penalised = (classes === 2 ? 1 : classes) * 4
    for (let j = 0; j < penalised; j++) expect(fit.solution[j]).toBeCloseTo(slow[j]!, 3)
  })

  it('gives raw weights that answer as the standardised ones do', () => {
    const given = problem(5, 12, 6, 3)
    const fit = fitLogistic(given)
    const row = given.rows[3]!
    const logits = linearLogits(fit, row)
    for (let k = 0; k < 3; k++) {
      let expected = fit.solution[18 + k]!
      for (let d = 0; d < 6; d++)
        expected += (fit.solution[k * 6 + d]! * (row[d]! - given.mean[d]!)) / given.scale[d]!
      expect(logits[k]).toBeCloseTo(expected, 8)
    }
  })

  it('needs fewer iterations from a warm start, and ends at the same place', () => {
    const given = problem(6, 200, 40, 2)
    const cold = fitLogistic(given)
    const warm = fitLogistic(given, cold.solution)
    expect(warm.iterations).toBe(0)
    expect(warm.weights).toEqual(cold.weights)
  })

  it('counts a sample of weight 2 as two samples', () => {
    const given = problem(7, 9, 3, 3)
    const weights = new Float64Array(9).fill(1)
    weights[4] = 2
    const heavy = fitLogistic({ ...given, weights })
    const twice = fitLogistic({
      ...given,
      rows: [...given.rows, given.rows[4]!],
      targets: Int32Array.of(...given.targets, given.targets[4]!),
      weights: new Float64Array(10).fill(1),
    })
    heavy.solution.forEach((value, i) => {
      expect(value).toBeCloseTo(twice.solution[i]!, 3)
    })
  })
})

describe('L-BFGS', () => {
  it('solves badly scaled quadratics', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.double({ min: -3, max: 4, noNaN: true }), fc.double({ min: -9, max: 9, noNaN: true })),
          { minLength: 1, maxLength: 12 }
        ),
        (axes) => {
          const objective = (x: Float64Array, gradient: Float64Array) => {
            let value = 0
            axes.forEach(([exponent, centre], i) => {
              const curvature = 10 ** exponent
              value += (curvature * (x[i]! - centre) ** 2) / 2
              gradient[i] = curvature * (x[i]! - centre)
            })
            return value
          }
          const { value } = minimise(objective, new Float64Array(axes.length), { tolerance: 1e-7 })
          expect(value).toBeLessThan(1e-6)
        }
      )
    )
  })

  it('says when it gives up', () => {
    const slope = (_: Float64Array, gradient: Float64Array) => {
      gradient[0] = 1
      return Number.NaN
    }
    expect(minimise(slope, new Float64Array(1)).converged).toBe(false)
  })
})
