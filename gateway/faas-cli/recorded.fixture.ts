/**
 * For tests: what the real faas-cli asks of a gateway, as `record.main.ts` has recorded it.
 * @module
 */
import { readFile } from 'node:fs/promises'

export interface RecordedStep {
  command: string
  requests: {
    method: string
    url: string
    headers: Record<string, string>
    body: string
    /** What the gateway answered. */
    status: number
  }[]
}

export async function recordedSteps(): Promise<RecordedStep[]> {
  return JSON.parse(await readFile(new URL('recorded.json', import.meta.url), 'utf8'))
}
