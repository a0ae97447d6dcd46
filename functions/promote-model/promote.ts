import { runStore, type Verdict } from '../../lib/dataset/index.ts'
import { asEdgeloopError, EdgeloopError } from '../../lib/errors/index.ts'
import type { EventData, Judgement } from '../../lib/events/index.ts'
import { type Manifest, modelRegistry } from '../../lib/registry/index.ts'
import type { ObjectStore } from '../../lib/s3/index.ts'
import { inColumns, listGolden, readLabels, scoreGolden } from './golden-scores.ts'
import { type Judgement as Judged, judge } from './judge.ts'

type Trained = EventData<'model.trained'>

/** How `promote-model` signs a channel that it moves. */
const BY = 'promote-model'

/** Below this share of the golden set, what could be compared says too little. */
const ENOUGH_OF_GOLDEN = 0.5

/**
 * Judges a trained version against the one that serves, moves the channel when it is better, and ends the run with the
 * verdict. Asked again for a run that has its verdict, it gives the same one.
 *
 * @throws EdgeloopError CONFLICT when somebody moves the channel at the same time: then it has to be judged anew
 */
export async function promote(
  store: ObjectStore,
  channel: string,
  trained: Trained
): Promise<EventData<'model.promoted'>> {
  const runs = runStore(store, trained.dataset)
  const earlier = (await runs.state(trained.run))?.verdict
  if (earlier) return withoutTime(earlier)

  const registry = modelRegistry(store, trained.model)
  checkOrigin(trained, (await registry.manifest(trained.version)).manifest)
  const pointer = await registry.channel(channel)
  const moved = pointer?.value.version === trained.version
  const serving = moved ? pointer.value.previous : (pointer?.value.version ?? null)

  const judgement = await judgeVersions(store, trained, serving)
  // A crash after the channel moved and before the verdict was written: what was decided then stands, whatever has
  // happened to the golden set since, because the candidate is serving already.
  const decided: Judgement =
    moved && pointer.value.by === BY
      ? { ...judgement, verdict: 'promote', why: pointer.value.why }
      : judgement
  if (decided.verdict === 'promote' && !moved) {
    await registry.setChannel(channel, { version: trained.version, by: BY, why: decided.why }, pointer)
  }
  return withoutTime(await runs.setVerdict(trained.run, { ...trained, channel, serving, judgement: decided }))
}

/** An event that mixes up runs would end one that it has nothing to do with. */
function checkOrigin({ version, dataset, run }: Trained, { trainedOn }: Manifest): void {
  if (trainedOn.dataset === dataset && trainedOn.run === run) return
  throw new EdgeloopError(
    'INVALID_INPUT',
    `version ${version} is of run ${trainedOn.run} on ${trainedOn.dataset}, not of run ${run} on ${dataset}`,
    { where: 'data.run', hint: 'send the model.trained of the run that trained this version' }
  )
}

async function judgeVersions(
  store: ObjectStore,
  trained: Trained,
  serving: number | null
): Promise<Judgement> {
  const golden = await listGolden(store, trained.dataset)
  if (golden.length === 0) return undecided(serving, 'there is no golden set', 0)
  const registry = modelRegistry(store, trained.model)
  const scores = (version: number) => scoreGolden(store, registry, version, golden)
  const candidate = await scores(trained.version)
  const before = serving === null ? undefined : await scores(serving)

  const comparable = golden.flatMap((photo, i) => {
    const row = candidate.rows[i]
    const servingRow = before?.rows[i]
    return row && (!before || servingRow) ? [{ photo, row, servingRow }] : []
  })
  const leftOut = golden.length - comparable.length
  if (comparable.length < golden.length * ENOUGH_OF_GOLDEN)
    return undecided(
      serving,
      `${comparable.length} of ${golden.length} golden photos have features to compare`,
      leftOut
    )
  const photos = comparable.map(({ photo }) => photo)
  const labels = await readLabels(store, trained.dataset, photos)
  const columns = [...new Set([...labels].sort().concat(candidate.labels))]
  try {
    const judged = judge({
      truths: labels.map((label) => columns.indexOf(label)),
      candidate: comparable.map(({ row }) => inColumns(row, candidate.labels, columns)),
      serving: before && comparable.map(({ servingRow }) => inColumns(servingRow!, before.labels, columns)),
    })
    return asEventData(judged, leftOut)
  } catch (thrown) {
    // What cannot be judged ends undecided: an open run would keep every later one waiting.
    return undecided(serving, asEdgeloopError(thrown).message, leftOut)
  }
}

/** Where nothing can be compared, the first model serves, and later ones wait. */
function undecided(serving: number | null, because: string, leftOut: number): Judgement {
  const figures = { goldenPhotos: 0, leftOut }
  if (serving === null) return { verdict: 'promote', why: `It is the first model, and ${because}.`, figures }
  return { verdict: 'inconclusive', why: `The models cannot be compared: ${because}.`, figures }
}

function asEventData(judged: Judged, leftOut: number): Judgement {
  const { verdict, why, goldenPhotos, candidate, serving, comparison } = judged
  return {
    verdict,
    why: leftOut > 0 ? `${why} Without features, and left out: ${leftOut} more.` : why,
    figures: {
      goldenPhotos,
      leftOut,
      candidateAccuracy: candidate.accuracy,
      candidateLogLoss: candidate.logLoss,
      servingAccuracy: serving?.accuracy ?? null,
      servingLogLoss: serving?.logLoss ?? null,
      gain: comparison?.gain ?? null,
      standardError: comparison?.standardError ?? null,
      pWorse: comparison?.pWorse ?? null,
      lost: comparison?.lost ?? null,
      gained: comparison?.gained ?? null,
    },
  }
}

function withoutTime({ at: _at, ...verdict }: Verdict): EventData<'model.promoted'> {
  return verdict
}
