/**
 * The training controller of the local platform in a process of its own, with jobs as processes of this machine.
 * @module
 */
import { z } from 'zod'
import { connectEvents } from '../../lib/event-client/index.ts'
import { eventData } from '../../lib/events/index.ts'
import { readSettings } from '../../lib/function/index.ts'
import { objectStoreFromEnv } from '../../lib/s3/index.ts'
import { runService } from '../../lib/service/index.ts'
import { createTrainingController, processJobs } from '../../trainer/index.ts'

const schema = z.object({
  DATASET: eventData.name,
  CLOUD_BROKER: z.string(),
  S3_ENDPOINT: z.url(),
  S3_BUCKET: z.string(),
  SECRETS_DIR: z.string(),
  /** What jobs train on. */
  BACKBONE_DIR: z.string(),
})

await runService(async () => {
  const settings = readSettings(schema, process.env)

  const { DATASET, S3_ENDPOINT, S3_BUCKET, SECRETS_DIR, BACKBONE_DIR } = settings
  const store = objectStoreFromEnv(process.env)
  const events = connectEvents({
    broker: settings.CLOUD_BROKER,
    name: 'trainer',
    types: ['retrain.requested'],
    onEvent: () => controller.poke(),
  })
  const controller = createTrainingController({
    store,
    dataset: DATASET,
    startJob: processJobs({ DATASET, S3_ENDPOINT, S3_BUCKET, SECRETS_DIR, BACKBONE_DIR }),
    publish: events.publish,
  })

  return {
    ready: {},
    async close() {
      await controller.close()
      await events.close()
      store.close()
    },
  }
})
