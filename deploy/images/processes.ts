import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The processes of Edgeloop's own image, by the name of their file in it. */
export const PROCESSES = {
  gateway: path.join(root, 'gateway/main.ts'),
  agent: path.join(root, 'agent/main.ts'),
  connector: path.join(root, 'agent/connector.main.ts'),
  trainer: path.join(root, 'trainer/main.ts'),
  job: path.join(root, 'trainer/job/main.ts'),
}
