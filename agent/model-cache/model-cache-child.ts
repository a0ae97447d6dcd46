/**
 * What cached-backbones.test.ts kills: keeps a model cache, told by its arguments where.
 * @module
 */
import { modelSelections } from '../../lib/model-selection/index.ts'
import { createObjectStore } from '../../lib/s3/index.ts'
import { createModelCache } from './index.ts'

const [endpoint, directory, model] = process.argv.slice(2) as [string, string, string]
const credentials = { accessKeyId: 'test', secretAccessKey: 'test-secret' }
createModelCache({
  store: createObjectStore({ endpoint, bucket: 'test', attempts: 1, ...credentials }),
  directory,
  models: modelSelections.parse(model),
  pollMs: 20,
})
