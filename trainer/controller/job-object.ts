import { createHash } from 'node:crypto'
import type { V1Affinity, V1Job, V1ResourceRequirements } from '@kubernetes/client-node'
import type { JobRequest } from './start-job.ts'

/** What training Jobs of a cluster have in common. */
export interface JobSettings {
  /** Where Jobs and the Secret are. */
  namespace: string
  /** Edgeloop's own image. */
  image: string
  /** What starts the job in it. */
  args: readonly string[]
  imagePullPolicy?: string
  imagePullSecret?: string
  /** Where S3 is, and which dataset. */
  environment: Readonly<Record<string, string>>
  /** The Secret whose keys become files. */
  secret: string
  resources: V1ResourceRequirements
  /** How long one attempt may take, in seconds. */
  deadlineSeconds: number
  /** How long a Job that has ended stays to be looked at, in seconds. */
  keepSeconds: number
}

/** A Job's pods, by the Job's name. */
export const JOB_LABEL = 'edgeloop.dev/job'
export const JOB_CONTAINER = 'job'

const SECRETS_DIR = '/var/openfaas/secrets'
const TERMINATION_LOG = '/dev/termination-log'
/** Whoever runs in Edgeloop's own image. */
const USER = 1000

/** As the profile `cloud` says it: an edge has neither the memory nor the time. */
export const NOT_AT_AN_EDGE: V1Affinity = {
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [
        { matchExpressions: [{ key: 'node-role.kubernetes.io/edge', operator: 'DoesNotExist' }] },
      ],
    },
  },
}

/**
 * The same for the same attempt of the same run, whoever asks. The hash tells it from a run of another life of the bucket,
 * whose numbers begin again.
 */
export function jobName({ run, attempt }: JobRequest): string {
  const { dataset, id, snapshot, at } = run
  const hash = createHash('sha256')
    .update(JSON.stringify([dataset, id, snapshot, at]))
    .digest('hex')
    .slice(0, 8)
  // Pods' names get a suffix, and labels end at 63 characters.
  return `train-${dataset.slice(0, 24).replace(/-+$/, '')}-${id}-${attempt}-${hash}`
}

/** One pod, one try: whether there is another attempt is the controller's decision. */
export function jobObject(settings: JobSettings, job: JobRequest): V1Job {
  const { run } = job
  const name = jobName(job)
  const labels = {
    'app.kubernetes.io/name': 'training-job',
    'app.kubernetes.io/managed-by': 'edgeloop',
    'edgeloop.dev/dataset': run.dataset,
    'edgeloop.dev/run': run.id,
    [JOB_LABEL]: name,
  }
  const environment = { ...settings.environment, RUN: run.id, SECRETS_DIR, TERMINATION_LOG }
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace: settings.namespace, labels },
    spec: {
      backoffLimit: 0,
      completions: 1,
      parallelism: 1,
      activeDeadlineSeconds: settings.deadlineSeconds,
      ttlSecondsAfterFinished: settings.keepSeconds,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: 'Never',
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          affinity: NOT_AT_AN_EDGE,
          terminationGracePeriodSeconds: 5,
          ...(settings.imagePullSecret && { imagePullSecrets: [{ name: settings.imagePullSecret }] }),
          securityContext: {
            runAsNonRoot: true,
            runAsUser: USER,
            runAsGroup: USER,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          containers: [
            {
              name: JOB_CONTAINER,
              image: settings.image,
              ...(settings.imagePullPolicy && { imagePullPolicy: settings.imagePullPolicy }),
              args: [...settings.args],
              env: Object.entries(environment).map(([name, value]) => ({ name, value })),
              resources: settings.resources,
              terminationMessagePath: TERMINATION_LOG,
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ['ALL'] },
              },
              volumeMounts: [
                { name: 'tmp', mountPath: '/tmp' },
                { name: 'secrets', mountPath: SECRETS_DIR, readOnly: true },
              ],
            },
          ],
          volumes: [
            { name: 'tmp', emptyDir: { sizeLimit: '1Gi' } },
            { name: 'secrets', secret: { secretName: settings.secret, defaultMode: 0o444 } },
          ],
        },
      },
    },
  }
}
