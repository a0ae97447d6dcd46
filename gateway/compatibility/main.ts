/**
 * Writes docs/openfaas-compatibility.md.
 * @module
 */
import { writeFile } from 'node:fs/promises'
import { compatibilityDocument } from './document.ts'

await writeFile(new URL('../../docs/openfaas-compatibility.md', import.meta.url), compatibilityDocument())
