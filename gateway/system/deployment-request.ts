import { z } from '@hono/zod-openapi'
import { readQuantity } from '../../lib/quantity/index.ts'
import { readSchedule } from '../../lib/schedule/index.ts'
import { deployment, scalingTrouble } from '../../lib/stack/index.ts'
import { isLabelKey, isLabelValue } from '../placement/index.ts'
import { namespaceName, secretName } from './names.ts'

/** Less memory than that runs nothing: `128m` is an eighth of a byte, and was meant to be `128Mi`. */
const LEAST_MEMORY = 2 ** 20

const memory = z.string().superRefine((text, { addIssue }) => {
  if (text === '') return
  const bytes = readQuantity(text)
  if (bytes === undefined) addIssue(`"${text}" is no amount of memory: write it as 128Mi or 1Gi`)
  else if (bytes < LEAST_MEMORY)
    addIssue(`"${text}" is less than 1 MiB: write ${Number.parseFloat(text)}Mi for mebibytes`)
})
const cpu = z.string().refine((text) => text === '' || (readQuantity(text) ?? 0) > 0, {
  error: ({ input }) => `"${input}" is no number of CPUs: write it as 0.5 or 500m`,
})
const resources = z.strictObject({ memory: memory.optional(), cpu: cpu.optional() })

const environmentName = z
  .string()
  .regex(
    /^[-._a-zA-Z][-._a-zA-Z0-9]*$/,
    'an environment variable is named by letters, digits, "_", "-" and "."'
  )
const labelKey = z.string().refine(isLabelKey, 'a label is named by letters, digits, "-", "_" and "."')
const annotationKey = z
  .string()
  .refine(isLabelKey, 'an annotation is named by letters, digits, "-", "_" and "."')
const labelValue = z
  .string()
  .refine(
    isLabelValue,
    'a label has at most 63 letters, digits, "-", "_" and ".", and begins and ends with a letter or digit'
  )

/** What a deploy has to be: nothing of it is changed, so that a list shows what was asked for. */
export const deploymentRequest = deployment
  .extend({
    image: z.string().regex(/^\S+$/, 'name an image'),
    namespace: z.union([z.literal(''), namespaceName]).optional(),
    envVars: z.record(environmentName, z.string()).nullish(),
    secrets: z.array(secretName).nullish(),
    labels: z.record(labelKey, labelValue).nullish(),
    annotations: z.record(annotationKey, z.string()).nullish(),
    limits: resources.nullish(),
    requests: resources.nullish(),
  })
  .superRefine(({ limits, requests, labels, annotations }, { addIssue }) => {
    const schedule = annotations?.schedule
    if (schedule !== undefined && !isSchedule(schedule))
      addIssue({
        code: 'custom',
        path: ['annotations'],
        message: `schedule: "${schedule}" is none; write it as "*/5 * * * *"`,
      })
    const trouble = scalingTrouble(labels ?? {})
    if (trouble) addIssue({ code: 'custom', path: ['labels'], message: trouble })
    for (const what of ['memory', 'cpu'] as const) {
      const [asked, most] = [readQuantity(requests?.[what] ?? ''), readQuantity(limits?.[what] ?? '')]
      if (asked !== undefined && most !== undefined && asked > most)
        addIssue({
          code: 'custom',
          path: ['requests', what],
          message: `${requests?.[what]} is more than the limit, ${limits?.[what]}`,
        })
    }
  })
  .openapi('FunctionDeployment')

function isSchedule(text: string): boolean {
  try {
    readSchedule(text)
    return true
  } catch {
    return false
  }
}
