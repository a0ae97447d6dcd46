/**
 * For tests: what people do with faas-cli, with the program itself.
 * @module
 */
import { cp, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import type { Credentials } from '../auth/index.ts'

export interface Session {
  /** The program. */
  program: string
  gateway: string
  credentials: Credentials
  /** Of a function that answers what it was asked. */
  image: string
  /** A namespace that is not there yet. */
  namespace: string
  /** Where the stack and the program's own settings are written. */
  directory: string
}

export interface Step {
  args: readonly string[]
  input?: string
  /** Where it is done, below the session's directory. */
  in?: string
  /** What it prints, about. */
  says: RegExp
  fails?: true
}

const templates = fileURLToPath(new URL('../../templates', import.meta.url))
/** Where a function is made, with the stack that comes with it. */
const NEW = 'new'
/** Not stack.yml, which faas-cli reads without being asked to. */
const FILE = 'contract.yml'
const stack = (image: string) => `
version: 1.0
provider: { name: openfaas }
functions:
  one:
    image: ${image}
    skip_build: true
    environment: { GREETING: hello, EMPTY: "" }
    secrets: [contract-secret]
    labels: { team: a }
    annotations: { topic: "a/b, c/d" }
    limits: { memory: 256Mi, cpu: "1" }
    requests: { memory: 64Mi }
    readonly_root_filesystem: true
`

/** What is done, in this order. */
export function stepsOf({ credentials, image, namespace }: Session): Step[] {
  const inNamespace = ['--namespace', namespace]
  return [
    {
      args: ['login', '--password-stdin'],
      input: `${credentials.password}x`,
      says: /incorrect/,
      fails: true,
    },
    {
      args: ['login', '--username', credentials.user, '--password-stdin'],
      input: credentials.password,
      says: /credentials saved for/,
    },
    {
      args: ['new', '--lang', 'node-typescript', 'hello'],
      in: NEW,
      says: /Function created in folder: hello/,
    },
    { args: ['build', '--shrinkwrap', '-f', 'stack.yaml'], in: NEW, says: /hello shrink-wrapped to/ },
    { args: ['version', '--warn-update=false'], says: /Provider\n name: +edgeloop-/ },
    { args: ['deploy', '-f', FILE], says: /400.*one wants the secret .*contract-secret/s, fails: true },
    { args: ['secret', 'create', 'contract-secret', '--from-literal=first'], says: /Created: 201/ },
    { args: ['secret', 'create', 'contract-secret', '--from-literal=x'], says: /already exists/ },
    { args: ['secret', 'update', 'contract-secret', '--from-literal=second'], says: /Updated: 202/ },
    { args: ['secret', 'list'], says: /contract-secret/ },
    { args: ['deploy', '-f', FILE], says: /Deployed. 202 Accepted/ },
    { args: ['deploy', '-f', FILE], says: /Deployed. 202 Accepted/ },
    { args: ['ready', 'one'], says: /Function one is ready/ },
    { args: ['list', '--verbose'], says: /one +.*\b1\b/ },
    { args: ['describe', 'one'], says: /Status: +Ready.*team: a/s },
    { args: ['diff', '-f', FILE], says: /no differences found/ },
    { args: ['invoke', 'one'], input: 'hello', says: /"method":"POST".*"body":"hello"/ },
    {
      args: ['invoke', 'one', '--method', 'GET', '--query', 'a=1', '--header', 'X-Mine=2'],
      input: '',
      says: /"query":"\?a=1".*"x-mine":"2"/,
    },
    { args: ['invoke', 'one', '--async'], input: 'later', says: /submitted asynchronously/ },
    { args: ['invoke', 'nobody'], input: '', says: /404 - .*there is no function/, fails: true },
    { args: ['logs', 'one', '--tail=false', '--lines', '5', '--since', '10m'], says: /^/ },
    { args: ['logs', 'nobody', '--tail=false'], says: /404 - .*there is no function/, fails: true },
    { args: ['namespace', 'create', namespace, '--label', 'team=a'], says: /Namespace Created/ },
    { args: ['namespace', 'create', namespace], says: /409/, fails: true },
    { args: ['namespace', 'get', namespace], says: /team/ },
    { args: ['namespace', 'update', namespace, '--label', 'team=b'], says: /Updated/i },
    { args: ['namespace', 'list'], says: new RegExp(`openfaas-fn.*${namespace}`, 's') },
    { args: ['deploy', '--image', image, '--name', 'two', ...inNamespace], says: /Deployed. 202 Accepted/ },
    { args: ['ready', 'two', ...inNamespace], says: /Function two is ready/ },
    { args: ['invoke', 'two', ...inNamespace], input: 'there', says: /"body":"there"/ },
    { args: ['list', ...inNamespace], says: /two/ },
    { args: ['remove', 'two', ...inNamespace], says: /Removing old function/ },
    { args: ['namespace', 'remove', namespace], says: /Namespace Removed/ },
    {
      args: ['deploy', '--image', image, '--name', 'Not_A_Name'],
      says: /400.*lower-case letters/s,
      fails: true,
    },
    {
      args: ['deploy', '--image', image, '--name', 'two', '--memory-limit', '128m'],
      says: /400.*less than 1 MiB/s,
      fails: true,
    },
    { args: ['remove', 'one'], says: /Removing old function/ },
    { args: ['remove', 'one'], says: /No existing function to remove/, fails: true },
    { args: ['secret', 'remove', 'contract-secret'], says: /Removed/i },
    { args: ['secret', 'remove', 'contract-secret'], says: /unable to find secret/i, fails: true },
  ]
}

/** @returns what it prints, and whether it failed */
export async function runStep(
  { program, gateway, directory, image }: Session,
  { args, input = '', in: folder = '.' }: Step
): Promise<{ text: string; failed: boolean }> {
  await writeFile(path.join(directory, FILE), stack(image))
  await mkdir(path.join(directory, NEW), { recursive: true })
  await cp(templates, path.join(directory, NEW, 'template'), { recursive: true })
  const { all, failed } = await execa(program, args, {
    cwd: path.join(directory, folder),
    env: { OPENFAAS_URL: gateway, OPENFAAS_CONFIG: path.join(directory, 'config') },
    input,
    all: true,
    reject: false,
    timeout: 90_000,
  })
  return { text: String(all), failed }
}

/** The real faas-cli, on the PATH or named by FAAS_CLI; undefined where there is none. */
export async function findFaasCli(): Promise<string | undefined> {
  const program = process.env.FAAS_CLI ?? 'faas-cli'
  const { failed } = await execa(program, ['version', '--short-version'], { reject: false })
  return failed ? undefined : program
}
