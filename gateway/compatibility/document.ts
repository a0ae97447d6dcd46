import { ANNOTATIONS, HEADERS, LABELS, ROUTES, type Row } from './table.ts'

const WORDS = { same: 'the same', differs: 'differs', absent: 'not there' } as const

function section(title: string, of: string, rows: readonly Row[]): string {
  const lines = rows.map(({ name, support, note = '' }) => `| \`${name}\` | ${WORDS[support]} | ${note} |`)
  return [`## ${title}`, '', `| ${of} | in Edgeloop | |`, '|---|---|---|', ...lines, ''].join('\n')
}

/** docs/openfaas-compatibility.md. */
export function compatibilityDocument(): string {
  return [
    '# OpenFaaS against Edgeloop',
    '',
    'What people of OpenFaaS know, and what becomes of it here. Made from `gateway/compatibility/table.ts` by',
    '`node --import tsx gateway/compatibility/main.ts`; the contract suite checks each row on the local gateway and on a',
    'real Kubernetes. What Edgeloop adds is in [gateway.md](gateway.md).',
    '',
    section('Routes', 'route', ROUTES),
    section('Headers', 'header', HEADERS),
    section('Labels of functions', 'label', LABELS),
    section('Annotations of functions', 'annotation', ANNOTATIONS),
  ].join('\n')
}
