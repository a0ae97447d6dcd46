/**
 * The training controller's container: runs become Kubernetes Jobs.
 * @module
 */
import { z } from 'zod'
import { brokerUrl, connectEvents } from '../lib/event-client/index.ts'
import { eventData } from '../lib/events/index.ts'
import { readSettings } from '../lib/function/index.ts'
import { createKubernetesClient, kubeConfigFrom } from '../lib/kubernetes/index.ts'
import { objectStoreFromEnv } from '../lib/s3/index.ts'
import { readSecretFile } from '../lib/secret-file/index.ts'
import { runService } from '../lib/service/index.ts'
import { createTrainingController, kubernetesJobs } from './index.ts'

const quantity = z.string().regex(/^\d+(\.\d+)?([kMGTPE]i?|m)?$/, 'must be a quantity such as 500m or 2Gi')
const seconds = z.coerce.number().int().positive()

const schema = z.object({
  DATASET: eventData.name.default('photos'),
  CLOUD_BROKER: brokerUrl,
  /** Holds `edge-token`, which the broker asks for, and the keys of S3. */
  SECRETS_DIR: z.string().default('/var/openfaas/secrets'),
  S3_ENDPOINT: z.url(),
  S3_REGION: z.string().default('us-east-1'),
  S3_BUCKET: z.string(),
  /** The controller's own namespace. */
  JOB_NAMESPACE: z.string().default('edgeloop'),
  JOB_IMAGE: z.string(),
  /** What starts the job in that image. */
  JOB_FILE: z.string().default('job.js'),
  JOB_IMAGE_PULL_POLICY: z.enum(['Always', 'IfNotPresent', 'Never']).optional(),
  /** A Secret to pull the image with. */
  JOB_IMAGE_PULL_SECRET: z.string().optional(),
  /** The Secret with the keys `s3-access-key-id` and `s3-secret-access-key`. */
  JOB_SECRET: z.string().default('edgeloop'),
  /** What a job asks for; it may use more of the CPU where nobody else does. */
  JOB_CPU: quantity.default('500m'),
  /** What a job asks for, and gets at most. */
  JOB_MEMORY: quantity.default('2Gi'),
  /** The hash of the backbone to train on, which the bucket holds; the image's own when absent. */
  JOB_BACKBONE: eventData.sha256.optional(),
  JOB_DEADLINE_SECONDS: seconds.default(2 * 60 * 60),
  JOB_KEEP_SECONDS: seconds.default(60 * 60),
})

await runService(async () => {
  const settings = readSettings(schema, process.env)
  const { DATASET, S3_ENDPOINT, S3_REGION, S3_BUCKET, JOB_BACKBONE, JOB_MEMORY: memory } = settings
  const store = objectStoreFromEnv(process.env)
  const client = createKubernetesClient(kubeConfigFrom(process.env))
  const events = connectEvents({
    broker: settings.CLOUD_BROKER,
    name: 'trainer',
    token: readSecretFile(settings.SECRETS_DIR, 'edge-token'),
    types: ['retrain.requested'],
    onEvent: () => controller.poke(),
  })
  const controller = createTrainingController({
    store,
    dataset: DATASET,
    startJob: kubernetesJobs({
      client,
      namespace: settings.JOB_NAMESPACE,
      image: settings.JOB_IMAGE,
      args: [settings.JOB_FILE],
      imagePullPolicy: settings.JOB_IMAGE_PULL_POLICY,
      imagePullSecret: settings.JOB_IMAGE_PULL_SECRET,
      environment: {
        DATASET,
        S3_ENDPOINT,
        S3_REGION,
        S3_BUCKET,
        ...(JOB_BACKBONE !== undefined && { BACKBONE: JOB_BACKBONE }),
      },
      secret: settings.JOB_SECRET,
      resources: { requests: { cpu: settings.JOB_CPU, memory }, limits: { memory } },
      deadlineSeconds: settings.JOB_DEADLINE_SECONDS,
      keepSeconds: settings.JOB_KEEP_SECONDS,
    }),
    publish: events.publish,
  })

  return {
    ready: {},
    async close() {
      await controller.close()
      await events.close()
      store.close()
      client.close()
    },
  }
})
