/** Keeps what this process says on standard error away from the screen. Returns what was said, and lets go. */
export function captureErrors(onLine: (line: string) => void): () => void {
  const write = process.stderr.write
  // Where the terminal was closed meanwhile, nobody can be told.
  process.stderr.on('error', () => {})
  process.stderr.write = ((chunk: Uint8Array | string) => {
    for (const line of String(chunk).split('\n')) if (line.trim()) onLine(line)
    return true
  }) as typeof write
  return () => {
    process.stderr.write = write
  }
}
