import { PassThrough } from 'node:stream'
import { expect, it, vi } from 'vitest'
import { liveReporter } from './index.ts'

function terminal() {
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode() {} })
  const output = Object.assign(new PassThrough(), { columns: 80, rows: 24, isTTY: true })
  return { input, output, written: () => String(output.read() ?? '') }
}

it('shows what goes on, leaves a line a round behind, and then what was complained about', async () => {
  const { input, output, written } = terminal()
  const said: string[] = []
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0)
  try {
    let stopped = 0
    const reporter = liveReporter({ input, output, perRound: 10, stop: () => stopped++ })
    expect(written()).toContain('Starting the cloud and its edges')
    reporter.event({ event: 'started', gateway: 'http://127.0.0.1:8080', edges: [] })
    const why = 'It is better.'
    reporter.event({ event: 'judged', version: 2, verdict: 'promote', why, figures: {} })
    process.stderr.write('something went wrong\n')
    expect(said).toEqual([])
    expect(written()).toContain('something went wrong')
    input.write('q')
    await expect.poll(() => stopped).toBe(1)
    expect(written()).toContain('Stopping')

    reporter.close()
    const left = written()
    const after = left.slice(left.indexOf('\x1b[?1049l'))
    expect(after).toContain('Gateway   http://127.0.0.1:8080')
    expect(after).toContain('version 2: promote. It is better.')
    expect(said).toEqual(['something went wrong\n'])
    reporter.output!('edge-1 did not end')
    expect(said).toEqual(['something went wrong\n', 'edge-1 did not end\n'])
  } finally {
    stderr.mockRestore()
  }
})
