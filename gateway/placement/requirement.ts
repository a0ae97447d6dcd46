import { EdgeloopError } from '../../lib/errors/index.ts'

/** Kubernetes' node selector operators. https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/ */
export const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'] as const

/** What one label, or one field, of a node has to be. */
export interface Requirement {
  key: string
  operator: (typeof OPERATORS)[number]
  values?: string[]
}

/** What a node must have, all of it. Several terms are alternatives. */
export interface Term {
  /** On labels. */
  matchExpressions: Requirement[]
  /** On fields, of which Kubernetes knows `metadata.name`. */
  matchFields: Requirement[]
}

/** A term that any node meets. */
export const ANYWHERE: Term = { matchExpressions: [], matchFields: [] }

/** Tells whether labels (or fields) are what a requirement asks for. */
export function matches(
  { key, operator, values = [] }: Requirement,
  labels: Readonly<Record<string, string>>
): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Gt':
      return wholeNumber(value) > wholeNumber(values[0])
    case 'Lt':
      return wholeNumber(value) < wholeNumber(values[0])
  }
}

/** NaN, which is neither more nor less than anything, for whatever is none. */
function wholeNumber(value: string | undefined): number {
  return value !== undefined && /^-?\d+$/.test(value) ? Number(value) : Number.NaN
}

/**
 * Kubernetes' label keys (a name, before it perhaps a domain and a slash) and values.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
 */
const NAME = '[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?'
const DOMAIN = '(?=[^/]{1,253}/)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/'
const labelKey = new RegExp(`^(${DOMAIN})?${NAME}$`)
const labelValue = new RegExp(`^(${NAME})?$`)

export const isLabelKey = (text: string): boolean => labelKey.test(text)
export const isLabelValue = (text: string): boolean => labelValue.test(text)

/**
 * OpenFaaS' `constraints`: `key=value`, `key==value` or `key!=value`.
 *
 * @throws EdgeloopError INVALID_INPUT naming one that cannot be read
 */
export function parseConstraint(constraint: string): Requirement {
  const match = /^\s*(?:node\.labels\.)?([^\s=!]+)\s*(!=|==?)\s*(\S+)\s*$/.exec(constraint)
  if (!match || !isLabelKey(match[1]!) || !isLabelValue(match[3]!))
    throw new EdgeloopError('INVALID_INPUT', `the constraint "${constraint}" cannot be read`, {
      where: 'constraints',
      hint: 'write it as key=value or key!=value, with a label of nodes and a value that a label can have',
    })
  return { key: match[1]!, operator: match[2] === '!=' ? 'NotIn' : 'In', values: [match[3]!] }
}
