import { execa } from 'execa'

/** The processes that a process has started and that have not ended, whose command line contains a text. */
export async function childrenOf(parent: number, containing: string): Promise<number[]> {
  const { stdout } = await execa('ps', ['-A', '-o', 'pid=,ppid=,args='])
  const lines = stdout.split('\n').map((line) => line.trim().split(/\s+/))
  return lines
    .filter(([, ppid, ...args]) => Number(ppid) === parent && args.join(' ').includes(containing))
    .map(([pid]) => Number(pid))
}
