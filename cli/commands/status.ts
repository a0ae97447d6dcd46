import { z } from 'zod'
import { runStore } from '../../lib/dataset/index.ts'
import type { Heartbeat } from '../../lib/edge-status/index.ts'
import { modelRegistry } from '../../lib/registry/index.ts'
import {
  type FunctionOptions,
  functionStatus,
  functionStatusText,
  requireDeployed,
} from '../functions/index.ts'
import { table } from '../terminal/index.ts'
import { ago, clock, versionText } from '../wording.ts'
import { askEdge, fetchJson } from './ask-edge.ts'
import type { Connection } from './connection.ts'
import { queueOf } from './label/queue.ts'
import { type CommonOptions, platformCommand, run } from './options.ts'

type StatusOptions = CommonOptions & Partial<FunctionOptions>

export const statusCommand = platformCommand(
  'status',
  'how the edges, the model and the label queue are doing; with --yaml or --gateway, the functions of a gateway'
)
  .option('-f, --yaml <FILE>', 'the functions of this stack')
  .option('-g, --gateway <URL>', 'the functions of this gateway')
  .option('-n, --namespace <NAME>', 'with one of those')
  .option('--filter <WILDCARD>', 'only functions of the stack with such a name')
  .option('--regex <REGEX>', 'only functions of the stack whose name matches')
  .action(async (options: StatusOptions) => {
    const { yaml, gateway, json } = options
    if (yaml === undefined && gateway === undefined) return run(options, readStatus, describe)
    const status = await functionStatus({ ...options, yaml: yaml ?? '', faasCli: false }, yaml !== undefined)
    process.stdout.write(`${json ? JSON.stringify(status) : functionStatusText(status)}\n`)
    requireDeployed(status)
  })

async function readStatus(connection: Connection) {
  const { platform, store } = connection
  const { gateway, pid, startedAt, model, dataset } = platform
  const [answers, edges, stable, labels, latest] = await Promise.all([
    fetchJson(new URL('/healthz', gateway), z.unknown(), 'text').then(({ value }) => value !== undefined),
    Promise.all(platform.edges.map(askEdge)),
    modelRegistry(store, model).channel('stable'),
    queueOf(connection).state(),
    runStore(store, dataset).latest(),
  ])
  return {
    gateway: { url: gateway, answers },
    pid,
    startedAt,
    model: { name: model, stable: stable?.value ?? null },
    labels,
    run: latest ? { id: latest.run.id, ...latest.status, verdict: latest.verdict?.judgement ?? null } : null,
    edges,
  }
}

type Status = Awaited<ReturnType<typeof readStatus>>

function describe({ gateway, pid, startedAt, model, labels, run: latest, edges }: Status): string {
  const stable = model.stable
    ? `version ${model.stable.version} is stable since ${clock(model.stable.at)} (by ${model.stable.by})`
    : 'no version yet'
  return [
    `Gateway   ${gateway.url}${gateway.answers ? '' : ', which does not answer'}`,
    `Process   ${pid}, up for ${ago(startedAt)}`,
    `Model     ${model.name}: ${stable}`,
    `Training  ${latest ? trainingText(latest) : 'no run yet'}`,
    `Labels    ${labels.waiting} waiting, ${labels.answered} answered`,
    ...(labels.pseudoLabels.stopped
      ? [`Stopped   pseudo-labels are not learnt from: ${labels.pseudoLabels.why}`]
      : []),
    '',
    table(['EDGE', 'CLOUD', 'PHOTOS', 'SPOOL', 'DEAD LETTERS', 'VERSION'], edges.map(edgeRow)),
  ].join('\n')
}

function trainingText({ id, state, verdict }: NonNullable<Status['run']>): string {
  return `run ${id} ${verdict ? `ended: ${verdict.verdict}. ${verdict.why}` : (state ?? 'waits')}`
}

function edgeRow({ name, status, why }: Status['edges'][number]) {
  if (!status) return [name, why, null, null, null, null]
  const { link, totals, spool, parked, deadLetters } = status
  const cloud = link.connected ? 'in reach' : `out of reach since ${clock(link.since)}`
  const waiting = parked.length > 0 ? `${depth(spool)} (switched off: ${parked.join(', ')})` : depth(spool)
  return [name, cloud, totals.captured, waiting, deadLetters, versionText(status.model)]
}

const depth = (spool: Heartbeat['spool']) => Object.values(spool).reduce((sum, queued) => sum + queued, 0)
