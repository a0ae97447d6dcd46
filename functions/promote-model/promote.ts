import { runStore, type Verdict } from '../../lib/dataset/index.ts'
import type { EventData, Judgement } from '../../lib/events/index.ts'
import { modelRegistry } from '../../lib/registry/index.ts'
import type { ObjectStore } from '../../lib/s3/index.ts'
import { readGolden, scoreGolden } from './golden-scores.ts'
import { type Judgement as Judged, judge } from './judge.ts'

type Trained = EventData<'model.trained'>

/**
 * Judges a trained version against the one that serves, moves the channel when it is better, and ends the run with the
 * verdict. Asked again for a run that has its verdict, it gives the same one.
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
  const pointer = await registry.channel(channel)
  // A crash after the channel moved and before the verdict was written: the candidate is already serving.
  const moved = pointer?.value.version === trained.version
  const serving = moved ? pointer.value.previous : (pointer?.value.version ?? null)

  const judgement = await judgeVersions(store, trained, serving)
  if (judgement.verdict === 'promote' && !moved) {
    const move = { version: trained.version, by: 'promote-model', why: judgement.why }
    await registry.setChannel(channel, move, pointer)
  }
  const verdict = { ...trained, channel, serving, judgement }
  await runs.setVerdict(trained.run, verdict)
  return verdict
}

async function judgeVersions(
  store: ObjectStore,
  trained: Trained,
  serving: number | null
): Promise<Judgement> {
  const golden = await readGolden(store, trained.dataset)
  if (golden.length === 0) return withoutGolden(serving)
  const registry = modelRegistry(store, trained.model)
  const labels = [...new Set(golden.map(({ label }) => label))].sort()
  const { head } = await registry.head(trained.version)
  const columns = [...new Set([...labels, ...head.labels])]
  const scores = (version: number) => scoreGolden(store, registry, version, golden, columns)
  return asEventData(
    judge({
      truths: golden.map(({ label }) => columns.indexOf(label)),
      candidate: await scores(trained.version),
      serving: serving === null ? undefined : await scores(serving),
    })
  )
}

/** Without golden photos nothing can be compared: the first model serves, and later ones wait for a golden set. */
function withoutGolden(serving: number | null): Judgement {
  const figures = { goldenPhotos: 0 }
  if (serving === null)
    return { verdict: 'promote', why: 'It is the first model, and there is no golden set.', figures }
  return { verdict: 'inconclusive', why: 'There is no golden set to compare the models on.', figures }
}

function asEventData({ verdict, why, goldenPhotos, candidate, serving, comparison }: Judged): Judgement {
  return {
    verdict,
    why,
    figures: {
      goldenPhotos,
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
