import { createHash } from 'node:crypto'

/** Where a dataset's objects stand in the bucket. Photos stand beside their record, under the hash alone. */
export function datasetKeys(dataset: string) {
  const base = `datasets/${dataset}`
  return {
    samples: `${base}/samples/`,
    sample: (photo: string) => `${base}/samples/${photo}.json`,
    samplePhoto: (photo: string) => `${base}/samples/${photo}.photo`,
    labels: `${base}/labels/`,
    label: (photo: string) => `${base}/labels/${photo}.json`,
    labelSet: `${base}/labels.json`,
    doubts: `${base}/doubts.json`,
    claims: `${base}/claims/`,
    claim: (photo: string) => `${base}/claims/${photo}.json`,
    /** A person may have any name. */
    person: (by: string) => `${base}/people/${createHash('sha256').update(by).digest('hex')}.json`,
    gathered: (what: 'samples' | 'labels') => `${base}/gathered/${what}.json`,
    golden: `${base}/golden/`,
    seed: `${base}/seed/`,
    snapshot: (id: string) => `${base}/snapshots/${id}.json`,
    runs: `${base}/runs/`,
    run: (id: string) => `${base}/runs/${id}.json`,
    runStatus: (id: string) => `${base}/runs/${id}/status.json`,
    runVerdict: (id: string) => `${base}/runs/${id}/verdict.json`,
  }
}

/** Features of a photo, computed once, ever: float16, little-endian. */
export function featuresKey(backbone: string, photo: string): string {
  return `features/${backbone}/${photo}`
}

/** The photo that a record's key belongs to: the last segment without its ending. */
export function photoOfKey(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1).replace(/\.(json|photo)$/, '')
}
