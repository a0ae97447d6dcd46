import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import type { createTeardown } from '../../lib/teardown/index.ts'
import type { Subject } from './subjects.ts'

const main = fileURLToPath(new URL('bare-loop.main.ts', import.meta.url))

/** What the loop is told. */
export interface LoopRequest {
  batch: number
  seconds: number
}

export interface BareLoop {
  /** Photos a second. */
  rate(request: LoopRequest): Promise<number>
}

/** Starts `bare-loop.main.ts` in a process of its own. */
export async function startBareLoop(
  { runtime, directory }: Subject,
  teardown: ReturnType<typeof createTeardown>
): Promise<BareLoop> {
  const child = execa(process.execPath, ['--import', 'tsx', main], {
    env: { RUNTIME: runtime, BACKBONE_DIR: directory, TF_CPP_MIN_LOG_LEVEL: '1' },
    ipc: true,
    reject: false,
    buffer: false,
    stderr: 'inherit',
  })
  teardown.add(async () => {
    child.kill('SIGKILL')
    await child
  })
  await child.getOneMessage()
  return {
    async rate(request) {
      const answer = child.getOneMessage()
      await child.sendMessage({ ...request })
      return (await answer) as number
    },
  }
}
