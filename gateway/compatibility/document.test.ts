import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { compatibilityDocument } from './document.ts'
import { ANNOTATIONS, HEADERS, LABELS, ROUTES } from './table.ts'

it('docs/openfaas-compatibility.md is what the table says', async () => {
  const written = await readFile(new URL('../../docs/openfaas-compatibility.md', import.meta.url), 'utf8')
  expect(written).toBe(compatibilityDocument())
})

it('whatever is not the same says why', () => {
  for (const { name, support, note } of [...ROUTES, ...HEADERS, ...LABELS, ...ANNOTATIONS])
    if (support !== 'same') expect([name, note]).toEqual([name, expect.stringMatching(/\w{3}/)])
})
