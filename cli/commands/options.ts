import { Command } from 'commander'
import { type Connection, withPlatform } from './connection.ts'

/** What every command takes. */
export interface CommonOptions {
  state?: string
  json?: boolean
}

/** A command against a running platform. */
export function platformCommand(usage: string, description: string): Command {
  return new Command(usage)
    .description(description)
    .option('--state <DIR>', 'where the running platform keeps its state (.edgeloop/state)')
    .option('--json', 'print JSON')
}

/**
 * Does the work, and prints what it gives: as JSON, or as text for people.
 * @param after throws where that is not all that was asked for
 */
export async function run<T>(
  { state, json }: CommonOptions,
  work: (connection: Connection) => Promise<T>,
  asText: (result: T) => string,
  after: (result: T) => void = () => {}
): Promise<void> {
  const result = await withPlatform(state, work)
  process.stdout.write(`${json ? JSON.stringify(result) : asText(result)}\n`)
  after(result)
}
