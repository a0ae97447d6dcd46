/** Of a line that is longer only the beginning is passed on, in characters. */
const LINE_LENGTH = 16 * 1024

/**
 * Reads lines as a container runtime writes them, `TIME STREAM P|F TEXT`: those with P go on in the next one.
 * https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md
 *
 * @returns a function that takes a line, and gives one of the container's when it is whole
 */
export function createCriReader(): (line: string) => { timestamp: string; text: string } | undefined {
  const begun = new Map<string, { timestamp: string; text: string }>()
  return (line) => {
    const [, timestamp, stream, tag, text] = /^(\S+) (stdout|stderr) ([PF])[^ ]* ?(.*)$/s.exec(line) ?? []
    if (timestamp === undefined || stream === undefined) return undefined
    const before = begun.get(stream)
    const joined = {
      timestamp: before?.timestamp ?? timestamp,
      text: ((before?.text ?? '') + text).slice(0, LINE_LENGTH),
    }
    if (tag === 'P') begun.set(stream, joined)
    else begun.delete(stream)
    return tag === 'P' ? undefined : joined
  }
}
