import type { OnProgress } from '../../backbones/index.ts'

/** Where steps are told, and how far they are where somebody watches. */
interface Output {
  isTTY?: boolean
  write(text: string): unknown
}

/** Tells a step a line; on a terminal the line counts along. `end` finishes the last one. */
export function tellProgress(output: Output): { onProgress: OnProgress; end(): void } {
  let told: { step: string; percent?: number } | undefined
  const end = () => {
    if (told) output.write('\n')
    told = undefined
  }
  return {
    end,
    onProgress(step, done) {
      if (step !== told?.step) {
        end()
        output.write(step)
        told = { step }
      }
      const percent = done === undefined ? undefined : Math.floor(done * 100)
      if (!output.isTTY || percent === undefined || percent === told.percent) return
      output.write(`\r${step} ${percent} %`)
      told.percent = percent
    },
  }
}
