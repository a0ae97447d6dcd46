import { readQuantity } from '../../../lib/quantity/index.ts'

/** A field that the cluster has made into something else than was asked for. */
export interface Difference {
  /** `spec.template.spec.tolerations` */
  field: string
  asked: unknown
  got: unknown
}

/**
 * Finds the first field of what was asked for that is not so in what the cluster answered. Fields that it adds are its
 * own affair, save those that would place pods elsewhere.
 */
export function firstDifference(asked: unknown, got: unknown, field = ''): Difference | undefined {
  if (isEmpty(asked) && isEmpty(got)) return undefined
  if (Array.isArray(asked)) return inList(asked, got, field)
  if (isObject(asked)) return inObject(asked, got, field)
  return isSame(asked, got) ? undefined : { field, asked, got }
}

/** Pods would go elsewhere by these, and nothing that a gateway makes has them. */
const NEVER = ['nodeName', 'nodeSelector']

function inObject(asked: Record<string, unknown>, got: unknown, field: string): Difference | undefined {
  if (!isObject(got)) return { field, asked, got }
  for (const key of NEVER)
    if (asked[key] === undefined && !isEmpty(got[key]))
      return { field: `${field}.${key}`, asked: undefined, got: got[key] }
  for (const [key, value] of Object.entries(asked)) {
    const difference = firstDifference(value, got[key], field ? `${field}.${key}` : key)
    if (difference) return difference
  }
  return undefined
}

/** Things with names are looked for by name: others may stand beside them. */
function inList(asked: unknown[], got: unknown, field: string): Difference | undefined {
  if (!Array.isArray(got)) return { field, asked, got }
  const isNamed = asked.every((each) => isObject(each) && typeof each.name === 'string')
  if (!isNamed && asked.length !== got.length) return { field, asked, got }
  for (const [index, value] of asked.entries()) {
    const name = isNamed ? (value as { name: string }).name : undefined
    const other = isNamed ? got.find((each) => isObject(each) && each.name === name) : got[index]
    const difference = firstDifference(value, other, `${field}[${name ?? index}]`)
    if (difference) return difference
  }
  return undefined
}

/** The cluster writes quantities its own way: 0.5 becomes 500m. */
function isSame(asked: unknown, got: unknown): boolean {
  if (asked === got) return true
  if (typeof asked !== 'string' || typeof got !== 'string') return false
  const value = readQuantity(asked)
  return value !== undefined && value === readQuantity(got)
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true
  if (Array.isArray(value)) return value.length === 0
  return isObject(value) && Object.keys(value).length === 0
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
