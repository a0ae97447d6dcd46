import type { PeopleAnswers } from '../../lib/dataset/index.ts'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { createEvent, type EdgeloopEvent } from '../../lib/events/index.ts'

/** Where answers go. */
interface Destination {
  dataset: string
  answers: PeopleAnswers
}

/**
 * Brings what a person at an edge has said to what is said in the bucket. It may come late, twice and in any order, and
 * before its sample: what the person said last is what counts, beside what others say.
 *
 * @throws EdgeloopError INVALID_INPUT for an answer of the cloud, MISCONFIGURED for one that belongs to another dataset, or
 *   what the bucket throws
 */
export async function uploadAnswer(
  { type, id, data }: EdgeloopEvent<'sample.labelled' | 'sample.unlabelled'>,
  { dataset, answers }: Destination
): Promise<EdgeloopEvent<'label.uploaded'>> {
  const { edge, photo, audit, predicted, by, at } = data
  if (edge === null)
    throw new EdgeloopError('INVALID_INPUT', 'an answer of the cloud is in the bucket already', {
      where: 'data.edge',
      hint: 'send what people at an edge have said',
    })
  if (data.dataset !== dataset)
    throw new EdgeloopError('MISCONFIGURED', `the answer is for dataset ${data.dataset}, not ${dataset}`, {
      where: 'DATASET',
      hint: 'give the agent and upload-sample the same one',
    })
  const about = { photo, audit, predicted }
  const said =
    type === 'sample.labelled'
      ? await answers.record(about, { by, at, label: data.label, among: data.among })
      : await answers.takeBack(about, { by, at })
  return createEvent('label.uploaded', `edges/${edge}/upload-sample`, [id], {
    ...{ edge, photo, dataset, by, at },
    answers: said.answers,
  })
}
