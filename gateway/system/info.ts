import about from '../../package.json' with { type: 'json' }
import type { Provider } from '../provider.ts'
import { route, type SystemApp } from './route.ts'
import { info } from './schemas.ts'

/** OpenFaaS' words for processors. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' }

export function infoRoute(app: SystemApp, provider: Provider): void {
  const version = { release: about.version, sha: process.env.GIT_SHA ?? '' }
  route(
    app,
    {
      method: 'get',
      path: '/system/info',
      summary: 'What this gateway is',
      answers: { 200: { description: 'Versions of the gateway and of its provider.', body: info } },
    },
    (c) =>
      c.json({
        provider: {
          provider: provider.name,
          orchestration: provider.name.replace(/^edgeloop-/, ''),
          version,
        },
        version,
        arch: ARCHITECTURES[process.arch] ?? process.arch,
      })
  )
}
