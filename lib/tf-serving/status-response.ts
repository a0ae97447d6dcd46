import type { VersionStatus } from './servable.ts'

/** Writes the state of versions, the newest first. */
export function statusResponse(versions: readonly VersionStatus[]): string {
  const statuses = [...versions]
    .sort((a, b) => b.version - a.version)
    .map(({ version, state, error }) => ({
      version: String(version),
      state,
      status: { error_code: error?.code ?? 'OK', error_message: error?.message ?? '' },
    }))
  return `${JSON.stringify({ model_version_status: statuses }, null, 1)}\n`
}
