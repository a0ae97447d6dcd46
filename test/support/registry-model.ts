import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { defaultBackboneDir, readBackboneManifest } from '../../lib/backbone/index.ts'
import type { Thresholds } from '../../lib/events/index.ts'
import { BACKBONE_FILES, modelRegistry, registryKeys } from '../../lib/registry/index.ts'
import type { ObjectStore } from '../../lib/s3/index.ts'
import { seededHead } from './heads.ts'

/** Puts a model that answers something into the registry and points `stable` at it, without any training. */
export async function publishModel(
  store: ObjectStore,
  model: string,
  thresholds: Thresholds = { accept: 0.6, audit: 0.04 }
): Promise<void> {
  const { hash, name } = await readBackboneManifest(defaultBackboneDir)
  for (const file of BACKBONE_FILES)
    await store.put(
      registryKeys.backboneFile(hash, file),
      await readFile(path.join(defaultBackboneDir, file))
    )
  const registry = modelRegistry(store, model)
  const { version } = await registry.publish('000000', seededHead(['cat', 'dog'], 'any'), {
    backbone: { name, hash },
    thresholds,
    trainedOn: { dataset: 'photos', run: '000000', snapshot: 'none' },
    metrics: {},
  })
  await registry.setChannel('stable', { version, by: 'test', why: 'to have one' }, undefined)
}
