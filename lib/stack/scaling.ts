import { secondsOf } from './annotations.ts'
import type { Deployment } from './schema.ts'

/** How many pods a function has, as its labels say. https://docs.openfaas.com/architecture/autoscaling/ */
export interface Scaling {
  /** With how many it begins, and below which it does not go under load. */
  min: number
  /** Above which it does not go; undefined where nobody is to scale it. */
  max: number | undefined
  /** CPU that each pod is to use, in thousandths of a core, where there is a max. */
  targetMillicores: number
  /** After how long without a request it goes to 0, in milliseconds; undefined where it does not. */
  idleMs: number | undefined
}

const TARGET_MILLICORES = 500
const IDLE_S = 15 * 60

/** Reads the labels `com.openfaas.scale.*`; what cannot be read is as if it were not there. */
export function scalingOf({ labels }: Pick<Deployment, 'labels'>): Scaling {
  const read = (name: string) => labels?.[`com.openfaas.scale.${name}`]?.trim()
  const count = (name: string) => {
    const value = Number(read(name))
    return Number.isInteger(value) && value > 0 ? value : undefined
  }
  const min = count('min') ?? 1
  const max = count('max')
  const idle = secondsOf(read('zero-duration')) ?? IDLE_S
  return {
    min,
    max: max !== undefined && max > min ? max : undefined,
    targetMillicores: count('target') ?? TARGET_MILLICORES,
    idleMs: read('zero') === 'true' ? idle * 1000 : undefined,
  }
}

/** @returns what is wrong with the labels, as a sentence */
export function scalingTrouble(labels: Readonly<Record<string, string>>): string | undefined {
  const read = (name: string) => labels[`com.openfaas.scale.${name}`]
  for (const name of ['min', 'max', 'target'])
    if (read(name) !== undefined && !/^[1-9]\d{0,5}$/.test(read(name)!))
      return `com.openfaas.scale.${name}: "${read(name)}" is no number from 1`
  const [min, max] = [Number(read('min') ?? 1), Number(read('max') ?? Number.POSITIVE_INFINITY)]
  if (min > max) return `com.openfaas.scale.max: ${max} is less than com.openfaas.scale.min: ${min}`
  if (!['true', 'false', undefined].includes(read('zero')))
    return `com.openfaas.scale.zero: "${read('zero')}" is neither true nor false`
  if (read('zero-duration') !== undefined && !secondsOf(read('zero-duration')))
    return `com.openfaas.scale.zero-duration: "${read('zero-duration')}" is no duration; write it as 15m`
  const type = read('type')
  if (max > min && Number.isFinite(max) && type !== undefined && type !== 'cpu')
    return `com.openfaas.scale.type: "${type}" is measured by no HorizontalPodAutoscaler here; use cpu, in thousandths of a core`
  return undefined
}
