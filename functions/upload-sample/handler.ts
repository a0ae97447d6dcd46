/**
 * What goes from an edge to S3: `sample.accepted | sample.review` → `sample.uploaded`, and what people there have said,
 * `sample.labelled | sample.unlabelled` → `label.uploaded`. Idempotent; the 200 of S3 is the acknowledgement.
 * @module
 */
import { z } from 'zod'
import { peopleAnswers, sampleStore } from '../../lib/dataset/index.ts'
import { eventData, eventResponse, readEvent } from '../../lib/events/index.ts'
import {
  createFunctionApp,
  type Environment,
  perEnvironment,
  readSettings,
} from '../../lib/function/index.ts'
import { objectStoreFromEnv } from '../../lib/s3/index.ts'
import { uploadAnswer } from './upload-answer.ts'
import { uploadSample } from './upload-sample.ts'

const settingsSchema = z.object({ DATASET: eventData.name.default('photos') })

const resources = perEnvironment((environment) => {
  const { DATASET: dataset } = readSettings(settingsSchema, environment)
  const store = objectStoreFromEnv(environment)
  const samples = sampleStore(store, dataset)
  return { dataset, samples, answers: peopleAnswers(store, dataset), close: () => store.close() }
})

const app = createFunctionApp()

app.post('/', async (c) => {
  const event = await readEvent(c.req.raw, [
    'sample.accepted',
    'sample.review',
    'sample.labelled',
    'sample.unlabelled',
  ])
  const destination = resources(c.env)
  const isAnswer = event.type === 'sample.labelled' || event.type === 'sample.unlabelled'
  return eventResponse(
    isAnswer
      ? await uploadAnswer(event, destination)
      : await uploadSample(event.data, destination, c.req.raw.signal)
  )
})

export async function stop(environment: Environment): Promise<void> {
  resources.release(environment)?.close()
}

export default app
