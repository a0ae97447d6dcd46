// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what stands in these strings is for the stack
import { chmod, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { findFaasCli } from '../../gateway/faas-cli/session.fixture.ts'
import { type LocalGateway, openLocalGateway } from '../../gateway/local-gateway.fixture.ts'
import { serve, temporaryDirectory } from '../../test/support/index.ts'

const bin = fileURLToPath(new URL('../edgeloop.mjs', import.meta.url))
const templates = fileURLToPath(new URL('../../templates', import.meta.url))
const program = await findFaasCli()

const STACK = `
provider: { name: openfaas, gateway: '\${OPENFAAS_URL:-http://127.0.0.1:1}' }
functions:
  one:
    lang: node-typescript
    handler: ./handlers/one
    image: \${REGISTRY:-registry.local}/one:\${TAG:-1}
    environment: { GREETING: own }
    environment_file: [more.yml]
    annotations: { com.openfaas.profile: cloud }
  two:
    lang: node-typescript
    handler: ./handlers/two
    image: registry.local/two
configuration:
  copy: [./shared]
`

let gateway: LocalGateway
let temporary: Awaited<ReturnType<typeof temporaryDirectory>>

beforeAll(async () => {
  gateway = await openLocalGateway()
})
afterAll(() => gateway.close())
beforeEach(async () => {
  temporary = await temporaryDirectory('functions')
  const at = (name: string) => path.join(temporary.directory, name)
  await writeFile(at('stack.yml'), STACK)
  await writeFile(at('more.yml'), 'environment: { GREETING: from-file, MORE: "1" }\n')
  for (const name of ['handlers/one', 'handlers/two', 'shared', 'bin', 'template'])
    await mkdir(at(name), { recursive: true })
  for (const name of ['one', 'two'])
    await writeFile(at(`handlers/${name}/handler.ts`), `export default '${name}'\n`)
  await writeFile(at('shared/words.ts'), 'export {}\n')
  await cp(path.join(templates, 'node-typescript'), at('template/node-typescript'), { recursive: true })
})
afterEach(async () => {
  for (const { name } of await gateway.provider.list()) await gateway.provider.remove(name)
  await temporary.remove()
})

interface Run {
  input?: string
  env?: Record<string, string>
  /** Which gateway; none when empty. */
  url?: string
}

/** Runs `edgeloop …` as somebody does who stands beside the stack. */
async function edgeloop(args: string[], { input = '', env = {}, url = gateway.url }: Run = {}) {
  const { stdout, stderr, exitCode } = await execa(process.execPath, [bin, ...args], {
    cwd: temporary.directory,
    env: {
      INIT_CWD: temporary.directory,
      OPENFAAS_CONFIG: path.join(temporary.directory, 'config'),
      ...(url && { OPENFAAS_URL: url }),
      ...env,
    },
    input,
    reject: false,
  })
  return { stdout, stderr, exitCode }
}
const login = () => edgeloop(['login', '--username', 'admin'], { input: 'secret\n' })
const deployed = async () => (await gateway.provider.list()).map(({ name }) => name).sort()

describe.each([
  ['with faas-cli', program],
  ['without faas-cli', undefined],
])('%s', { timeout: 60_000 }, (how, faasCli) => {
  const own = (...args: string[]) => (how === 'with faas-cli' ? args : [...args, '--no-faas-cli'])
  const env: Record<string, string> = faasCli === undefined ? {} : { FAAS_CLI: faasCli }
  const run = (args: string[], more: Run = {}) =>
    edgeloop(own(...args), { ...more, env: { ...env, ...more.env } })
  const each = it.skipIf(how === 'with faas-cli' && !program)

  each('deploys the stack, after it has shown where everything will run', async () => {
    await login()
    const { stdout, stderr, exitCode } = await run(['deploy'], { env: { TAG: '7' } })
    expect([stderr.replaceAll(/^npm warn.*$/gm, ''), exitCode]).toEqual(['', 0])
    expect(stdout).toMatch(/FUNCTION +IMAGE +ASKS FOR +RUNS ON\n/)
    expect(stdout).toMatch(/one +registry.local\/one:7 +profile cloud +cloud\n/)
    expect(stdout).toMatch(/two +registry.local\/two:latest +nothing in particular +cloud\n/)
    expect(await gateway.provider.get('one')).toMatchObject({
      image: 'registry.local/one:7',
      envVars: { GREETING: 'from-file', MORE: '1' },
    })
    expect(await deployed()).toEqual(['one', 'two'])
  })

  each.each([
    [['--filter', 't*'], ['two']],
    [['--regex', '^o'], ['one']],
  ])('deploys with %j only %j, and removes the same', async (flags, names) => {
    await login()
    await run(['deploy', ...flags])
    expect(await deployed()).toEqual(names)
    expect((await run(['remove', ...flags])).exitCode).toBe(0)
    expect(await deployed()).toEqual([])
  })

  each('tags images with what git says', async () => {
    await login()
    const git = (...args: string[]) =>
      execa('git', ['-c', 'user.name=x', '-c', 'user.email=x@x', ...args], { cwd: temporary.directory })
    await git('init', '-q')
    await git('add', '.')
    await git('commit', '-qm', 'x')
    const { stdout: sha } = await git('rev-parse', '--short', 'HEAD')
    await run(['deploy', '--filter', 'one', '--tag', 'sha'])
    expect(await gateway.provider.get('one')).toMatchObject({ image: `registry.local/one:1-${sha}` })
  })

  each('invokes, now and later, and shows logs', async () => {
    await login()
    await run(['deploy'])
    const invoked = await run(['invoke', 'one', '--header', 'X-Mine=2', '--query', 'a=1'], { input: 'hello' })
    expect(JSON.parse(invoked.stdout)).toMatchObject({
      query: '?a=1',
      body: 'hello',
      headers: { 'x-mine': '2' },
    })
    expect((await run(['invoke', 'one', '--async'], { input: 'later' })).exitCode).toBe(0)
    expect((await run(['invoke', 'nobody'])).exitCode).toBe(1)
    await fetch(`${gateway.url}/function/one/log/a-line-to-find`)
    expect((await run(['logs', 'one', '--lines', '5', '--since', '10m'])).stdout).toContain('a-line-to-find')
  })

  each('puts together what an image is built from', async () => {
    expect((await run(['build', '--shrinkwrap', '--filter', 'one'], { url: '' })).exitCode).toBe(0)
    const built = path.join(temporary.directory, 'build/one')
    expect(await readdir(built)).toEqual(
      expect.arrayContaining(['Dockerfile', 'bundle', 'function', 'server'])
    )
    expect(await readFile(path.join(built, 'function/handler.ts'), 'utf8')).toContain('one')
    expect(await readdir(path.join(built, 'function/shared'))).toEqual(['words.ts'])
  })
})

it('says what to do when something is wrong', async () => {
  const failures: [string[], string | RegExp][] = [
    [['deploy'], 'log in: edgeloop login'],
    [['deploy', '--filter', 'x*'], /no function is called like x\*.*there are: one, two/s],
    [['deploy', '--filter', 'o*', '--regex', 'o'], 'give one of them'],
    [['deploy', '--regex', '('], 'no regular expression'],
    [['deploy', '--tag', 'newest'], 'latest, sha, branch or describe'],
    [['deploy', '--yaml', 'nowhere.yml'], 'nowhere.yml'],
    [['deploy', '--gateway', 'http://127.0.0.1:1'], 'the gateway does not answer'],
    [['logs', 'one', '--since', 'soon'], 'no duration'],
  ]
  await Promise.all(
    failures.map(async ([args, says]) => {
      const { exitCode, stderr } = await edgeloop([...args, '--no-faas-cli'])
      expect([exitCode, stderr]).toEqual([
        1,
        typeof says === 'string' ? expect.stringContaining(says) : expect.stringMatching(says),
      ])
    })
  )
})

it('says what to do where faas-cli is none, or too old', async () => {
  const old = path.join(temporary.directory, 'bin/faas-cli')
  await writeFile(old, '#!/bin/sh\necho 0.12.9\n')
  await chmod(old, 0o755)
  expect((await edgeloop(['remove'], { env: { FAAS_CLI: old } })).stderr).toContain('older than 0.15')
  expect((await edgeloop(['remove'], { env: { FAAS_CLI: '/nowhere' } })).stderr).toContain('correct FAAS_CLI')
})

it('deploys nothing when one of the functions can run nowhere, and says which and why', async () => {
  await login()
  const stack = STACK.replace('com.openfaas.profile: cloud', 'com.openfaas.profile: clowd')
  await writeFile(path.join(temporary.directory, 'stack.yml'), stack)
  const { stderr, exitCode } = await edgeloop(['deploy', '--no-faas-cli'])
  expect(exitCode).toBe(1)
  expect(stderr).toMatch(/one +.*nowhere: .*clowd/)
  expect(stderr).toMatch(/two +.*cloud\n/)
  expect(await deployed()).toEqual([])
})

it('only shows it with --dry-run', async () => {
  await login()
  expect((await edgeloop(['deploy', '--dry-run'])).stdout).toMatch(/one .* cloud\n/)
  expect(await deployed()).toEqual([])
})

it('refuses to place functions on OpenFaaS Community Edition, and deploys to Standard what it cannot check', async () => {
  let name = 'faas-netes-ce'
  const asked: string[] = []
  const other = await serve(async (request) => {
    const { pathname } = new URL(request.url)
    asked.push(`${request.method} ${pathname}`)
    if (pathname === '/system/info') return Response.json({ provider: { provider: name }, arch: 'x86_64' })
    return new Response('', { status: 202 })
  })
  const refused = await edgeloop(['deploy', '--no-faas-cli'], { url: other.url })
  expect([refused.exitCode, refused.stderr]).toEqual([
    1,
    expect.stringContaining('Community Edition, which ignores'),
  ])
  expect(refused.stderr).toContain('one would run anywhere')
  // What asks for no place may run anywhere.
  expect((await edgeloop(['deploy', '--no-faas-cli', '--filter', 'two'], { url: other.url })).exitCode).toBe(
    0
  )
  name = 'faas-netes'
  const { stdout, exitCode } = await edgeloop(['deploy', '--no-faas-cli'], { url: other.url })
  expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/profile cloud +where its profiles say/)])
  expect(asked.filter((each) => each === 'PUT /system/functions')).toHaveLength(3)
  expect(asked).not.toContain('POST /system/placement')
  await other.close()
})

it('shows what of the stack is deployed, and what a gateway has', async () => {
  await login()
  await edgeloop(['deploy', '--no-faas-cli', '--filter', 'one'])
  const ofStack = await edgeloop(['status', '--yaml', 'stack.yml'])
  expect(ofStack.stdout).toMatch(/one +ready +1 of 1/)
  expect(ofStack.stdout).toMatch(/two +not deployed/)
  expect([ofStack.exitCode, ofStack.stderr]).toEqual([1, expect.stringContaining('not deployed: two')])
  const ofGateway = await edgeloop(['status', '--gateway', gateway.url, '--json'])
  expect(JSON.parse(ofGateway.stdout)).toMatchObject({ gateway: gateway.url, functions: [{ name: 'one' }] })
})

it('keeps a login where faas-cli keeps it, and no password that is wrong', async () => {
  const wrong = await edgeloop(['login'], { input: 'guess' })
  expect([wrong.exitCode, wrong.stderr]).toEqual([1, expect.stringContaining('not those of this gateway')])
  await login()
  const file = await readFile(path.join(temporary.directory, 'config/config.yml'), 'utf8')
  expect(file).toContain(Buffer.from('admin:secret').toString('base64'))
  if (!program) return
  const { stdout } = await execa(program, ['list'], {
    cwd: temporary.directory,
    env: { OPENFAAS_CONFIG: path.join(temporary.directory, 'config'), OPENFAAS_URL: gateway.url },
  })
  expect(stdout).toContain('Function')
})

it('builds with docker where there is no faas-cli, and tells a deploy what the images are for', async () => {
  await login()
  const docker = path.join(temporary.directory, 'bin/docker')
  await writeFile(docker, '#!/bin/sh\necho "$PWD: $*" >> "$DOCKER_LOG"\n')
  await chmod(docker, 0o755)
  const log = path.join(temporary.directory, 'docker.log')
  const env = { PATH: `${path.dirname(docker)}:${process.env.PATH}`, DOCKER_LOG: log }
  const run = (...args: string[]) => edgeloop([...args, '--no-faas-cli', '--filter', 'one'], { env })
  expect((await run('build', '--build-arg', 'NODE_IMAGE=node:24')).exitCode).toBe(0)
  expect((await run('push')).exitCode).toBe(0)
  expect((await run('push', '--platforms', 'linux/amd64,linux/arm64')).exitCode).toBe(0)
  const calls = (await readFile(log, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => line.split(': ').slice(1).join(': '))
  expect(calls).toEqual([
    'buildx build --build-arg NODE_IMAGE=node:24 --load --tag registry.local/one:1 .',
    'push registry.local/one:1',
    'buildx build --platform linux/amd64,linux/arm64 --push --tag registry.local/one:1 .',
  ])
  await run('deploy')
  expect(await gateway.provider.get('one')).toMatchObject({
    annotations: { 'edgeloop.dev/arch': 'amd64, arm64' },
  })
  await rm(docker)
})
