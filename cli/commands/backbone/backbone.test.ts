import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { writeKerasH5, xceptionLayers } from '../../../test/support/keras-xception.ts'
import { temporaryDirectory } from '../../../test/support/temporary.ts'
import { runCommandLine } from '../../program.ts'
import { tellProgress } from './progress.ts'

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>
let weights: string
beforeAll(async () => {
  temporary = await temporaryDirectory('backbone-command')
  weights = path.join(temporary.directory, 'weights.h5')
  await writeKerasH5(weights, xceptionLayers())
  vi.stubEnv('EDGELOOP_BACKBONES', path.join(temporary.directory, 'backbones'))
  vi.stubEnv('INIT_CWD', temporary.directory)
})
afterEach(() => vi.restoreAllMocks())
afterAll(async () => {
  vi.unstubAllEnvs()
  await temporary.remove()
})

const backbone = (...args: string[]) => edgeloop('backbone', ...args)
async function edgeloop(...args: string[]) {
  const written = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      written[name] += String(chunk)
      return true
    })
  const exitCode = await runCommandLine(args)
  vi.restoreAllMocks()
  return { exitCode, ...written }
}

describe('edgeloop backbone', () => {
  it('adds, says so, and lists', async () => {
    const added = await backbone('add', 'xception', '--from', 'weights.h5')
    expect(added).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/^reading the weights\n/) })
    expect(added.stdout).toMatch(
      /^xception [0-9a-f]{12} is added: 2048 features of photos of 299 × 299, 41\.6 MB\n/
    )
    expect(added.stdout).toContain('npm start -- --backbone xception\n')
    const again = await backbone('add', 'xception', '--from', weights)
    expect(again.stdout).toMatch(/^xception [0-9a-f]{12} is there already: /)

    const rows = (await backbone('list')).stdout.trimEnd().split('\n')
    expect(rows.map((row) => row.split(/ {2,}/))).toEqual([
      ['NAME', 'HASH', 'FEATURES', 'INPUT', 'MB', 'WHERE'],
      ['efficientnet-lite0', expect.stringMatching(/^[0-9a-f]{12}$/), '1280', '224 × 224', '6.7', 'built in'],
      [
        'xception',
        expect.stringMatching(/^[0-9a-f]{12}$/),
        '2048',
        '299 × 299',
        '41.6',
        path.join(temporary.directory, 'backbones', 'xception'),
      ],
    ])
    expect(JSON.parse((await backbone('list', '--json')).stdout)).toMatchObject([
      { name: 'efficientnet-lite0', features: 1280, inputSize: 224, licence: 'Apache-2.0', builtIn: true },
      { name: 'xception', features: 2048, inputSize: 299, licence: 'unknown', builtIn: false },
    ])
  })

  it('makes one in a folder of its own', async () => {
    const { stdout } = await backbone('add', 'xception', '--from', weights, '--into', 'elsewhere')
    const folder = path.join(temporary.directory, 'elsewhere')
    expect(stdout).toContain(`npm start -- --backbone ${folder}\n`)
  })

  it.each([
    ['resnet', "nobody knows how to make 'resnet'"],
    ['efficientnet-lite0', 'efficientnet-lite0 is built in'],
  ])('does not add %s', async (name, message) => {
    const { exitCode, stderr } = await backbone('add', name)
    expect(exitCode).toBe(1)
    expect(stderr).toContain(message)
    expect(stderr).toContain('what to do: ')
  })

  it('says what is wrong with a file', async () => {
    const { exitCode, stdout, stderr } = await backbone('add', 'xception', '--from', 'nowhere.h5')
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(stderr).toContain(`cannot read ${path.join(temporary.directory, 'nowhere.h5')}`)
  })
})

describe('npm start', () => {
  it('does not begin with a backbone that is not there, and says which are', async () => {
    const { exitCode, stderr } = await edgeloop('start', '--backbone', 'resnet')
    expect(exitCode).toBe(1)
    expect(stderr).toBe(
      "there is no backbone 'resnet'\n  where: --backbone\n" +
        '  what to do: There are: efficientnet-lite0, xception. ' +
        'Add Xception with: npx edgeloop backbone add xception\n'
    )
  })
})

describe('progress', () => {
  const told = (isTTY: boolean) => {
    let text = ''
    const { onProgress, end } = tellProgress({ isTTY, write: (more) => (text += more) })
    for (const done of [0, 0.5, 0.501, 1]) onProgress('fetching', done)
    onProgress('folding')
    end()
    end()
    return text
  }

  it('counts along on a terminal', () => {
    expect(told(true)).toBe('fetching\rfetching 0 %\rfetching 50 %\rfetching 100 %\nfolding\n')
  })

  it('is a line a step elsewhere', () => {
    expect(told(false)).toBe('fetching\nfolding\n')
  })
})
