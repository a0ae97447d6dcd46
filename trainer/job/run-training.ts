import { readBackboneManifest } from '../../lib/backbone/index.ts'
import { doubtStore, labelledPhotos, runStore, type Snapshot, sampleStore } from '../../lib/dataset/index.ts'
import { EdgeloopError } from '../../lib/errors/index.ts'
import { predictScores } from '../../lib/head/index.ts'
import { type Manifest, modelRegistry, publishBackbone } from '../../lib/registry/index.ts'
import { createRuntime, type Runtime, type RuntimeChoice } from '../../lib/runtime/index.ts'
import type { ObjectStore } from '../../lib/s3/index.ts'
import { fitHead, fitKnown, measure } from '../fit/index.ts'
import { findDoubts } from './doubts.ts'
import { gatherFeatures } from './gather-features.ts'
import { thresholdsFor } from './thresholds.ts'

/** A stage of a run and the share of it that is done, 0 to 1. */
export type OnProgress = (stage: string, done: number) => void

export interface TrainingRequest {
  store: ObjectStore
  dataset: string
  run: string
  /** The folder of the backbone to stand on. */
  backboneDir: string
  /** What computes features. */
  runtime?: RuntimeChoice
  onProgress: OnProgress
}

/**
 * Trains what a run asks for and publishes it as a complete model version. A repeated run publishes the same version.
 *
 * @throws EdgeloopError INVALID_INPUT when the snapshot cannot be trained on, NOT_FOUND when something it names is gone
 */
export async function runTraining(request: TrainingRequest): Promise<Manifest> {
  const { store, dataset, onProgress } = request
  const started = performance.now()
  const runs = runStore(store, dataset)
  const run = (await runs.state(request.run))?.run
  if (!run) throw new EdgeloopError('NOT_FOUND', `there is no run ${request.run}`, { where: dataset })
  const snapshot = await runs.getSnapshot(run.snapshot)
  const backbone = await readBackboneManifest(request.backboneDir)

  let loading: Promise<Runtime> | undefined
  const runtime = () => {
    loading ??= createRuntime({ backboneDir: request.backboneDir, runtime: request.runtime })
    return loading
  }
  try {
    const golden = await readGoldenLabels(store, dataset)
    const items = snapshot.items.filter(({ photo }) => !golden.has(photo))
    const registry = modelRegistry(store, run.model)
    // The first model has nothing to be compared with, and edges wait for it: the next run looks at the golden photos.
    const first = (await registry.versions()).length === 0
    const foreign = snapshot.foreign.filter((photo) => !golden.has(photo))
    const photos = new Set([...items.map(({ photo }) => photo), ...foreign, ...(first ? [] : golden.keys())])
    const { features, leftOut } = await gatherFeatures({
      store,
      runtime,
      backbone,
      photos: [...photos],
      readPhoto: photoReader(store, dataset, snapshot, golden),
      onProgress: (done, total) => onProgress('features', total ? done / total : 1),
    })
    for (const text of describeLeftOut(leftOut)) console.error(text)
    const usable = items.filter(({ photo }) => features.has(photo))
    const labels = [...new Set(usable.map(({ label }) => label))].sort()
    const seed = Number(run.id)
    const featuresOf = (photo: string) => ({ hash: photo, features: features.get(photo)! })
    const samples = usable.map(({ photo, label, origin }) => ({
      ...featuresOf(photo),
      label,
      origin,
      weight: 1,
    }))
    const { head, report, outOfFold } = await fitHead({
      samples,
      labels,
      seed,
      onProgress: ({ done, total }) => onProgress('fit', done / total),
    })
    const people = samples.filter(({ origin }) => origin !== 'pseudo')
    const opinions = people.flatMap(({ hash }) => outOfFold.get(hash) ?? [])
    const novelty = fitKnown(samples, foreign.filter((photo) => features.has(photo)).map(featuresOf), seed)

    const known = [...golden].filter(([photo, label]) => labels.includes(label) && features.has(photo))
    const onGolden =
      known.length > 0
        ? measure(
            labels,
            known.map(([, label]) => labels.indexOf(label)),
            known.map(([photo]) => predictScores(head, features.get(photo)!))
          )
        : null
    onProgress('publish', 0)
    // Before the version, with which the run is over: a run that was killed in between does it again.
    await doubtStore(store, dataset).write(run.id, findDoubts(usable, outOfFold))
    await publishBackbone(store, request.backboneDir, backbone.hash)
    const about = {
      backbone: { name: backbone.name, hash: backbone.hash },
      thresholds: thresholdsFor(labels, samples, opinions),
      trainedOn: { dataset, run: run.id, snapshot: snapshot.id },
      metrics: {
        fit: report,
        golden: onGolden,
        pseudoLabels: run.pseudoLabels ?? null,
        sizes: {
          samples: usable.length,
          leftOut: leftOut.size,
          golden: golden.size,
          labels: labels.length,
        },
        seconds: (performance.now() - started) / 1000,
      },
    }
    const manifest = await registry.publish(run.id, head, about, novelty)
    onProgress('publish', 1)
    return manifest
  } finally {
    await (await loading)?.close()
  }
}

async function readGoldenLabels(store: ObjectStore, dataset: string): Promise<Map<string, string>> {
  const golden = labelledPhotos(store, dataset, 'golden')
  const photos = await golden.list()
  const labels = await Promise.all(photos.map(async (photo) => (await golden.get(photo)).label))
  return new Map(photos.map((photo, i) => [photo, labels[i]!]))
}

/** Where a photo's bytes are: beside the golden, seed or uploaded record. */
function photoReader(
  store: ObjectStore,
  dataset: string,
  snapshot: Snapshot,
  golden: ReadonlyMap<string, string>
): (photo: string) => Promise<Uint8Array> {
  const seeds = new Set(snapshot.items.flatMap(({ photo, origin }) => (origin === 'seed' ? [photo] : [])))
  return async (photo) => {
    if (golden.has(photo)) return labelledPhotos(store, dataset, 'golden').getPhoto(photo)
    if (seeds.has(photo)) return labelledPhotos(store, dataset, 'seed').getPhoto(photo)
    const uploaded = await sampleStore(store, dataset).getPhoto(photo)
    if (uploaded) return uploaded.body
    const elsewhere = (await sampleStore(store, dataset).get(photo))?.backbone
    const features = elsewhere ? 'features of another backbone only' : 'no features'
    throw new EdgeloopError('NOT_FOUND', `there are ${features}, and no photo`, {
      where: photo,
      hint: 'the edge that holds it has to compute them again',
    })
  }
}

/** A line a reason: when the backbone has changed, it is the same one for many. */
function describeLeftOut(leftOut: ReadonlyMap<string, string>): string[] {
  const byReason = new Map<string, string[]>()
  for (const [photo, why] of leftOut) byReason.set(why, [...(byReason.get(why) ?? []), photo])
  return [...byReason].map(([why, photos]) =>
    photos.length === 1
      ? `${photos[0]} is left out: ${why}`
      : `${photos.length} photos are left out, ${photos[0]!.slice(0, 12)}… and others: ${why}`
  )
}
