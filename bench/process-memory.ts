import { readFile, writeFile } from 'node:fs/promises'

/** What a process has in memory now, in bytes. VmRSS of proc_pid_status(5) */
export function memory(pid: number): Promise<number> {
  return statusBytes(pid, 'VmRSS')
}

/** The most that a process has had in memory, in bytes. VmHWM of proc_pid_status(5) */
export function peakMemory(pid: number): Promise<number> {
  return statusBytes(pid, 'VmHWM')
}

async function statusBytes(pid: number, line: string): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`^${line}:\\s+(\\d+) kB$`, 'm').exec(status)![1]) * 1024
}

/** What a process has in memory now; what it has had at most counts from here. `clear_refs` of proc(5) */
export async function resetPeakMemory(pid: number): Promise<number> {
  await writeFile(`/proc/${pid}/clear_refs`, '5')
  return peakMemory(pid)
}
