import type { WriteStream } from 'node:tty'
import type { RoundReport } from '../../platform/rounds/index.ts'
import type { Reporter } from './reporter.ts'

const BAR_WIDTH = 24

/** A line a round; on a terminal with a bar below that shows what goes on. */
export function textReporter(out: NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY'>>): Reporter {
  let bar = ''
  const erase = () => bar && out.write(`\r${' '.repeat(bar.length)}\r`)
  const line = (text: string) => {
    erase()
    out.write(`${text}\n${bar}`)
  }
  const draw = (text: string) => {
    if (!out.isTTY) return
    erase()
    bar = text
    out.write(bar)
  }

  return {
    event(event) {
      switch (event.event) {
        case 'started':
          line(`Gateway   ${event.gateway}`)
          for (const { name, gateway, broker } of event.edges)
            line(`${name.padEnd(9)} ${gateway}   ${broker}`)
          line('')
          break
        case 'progress':
          draw(`  ${event.stage.padEnd(9)} ${progressBar(event.done)}`)
          break
        case 'judged':
          draw('')
          line(`  version ${event.version}: ${event.verdict}. ${event.why}`)
          break
        case 'training-failed':
          line(`  the training failed: ${event.why}`)
          break
        case 'cut':
          line(`  ${event.edge} is cut off from the cloud`)
          break
        case 'healed':
          line(`  ${event.edge} is back in the cloud's reach`)
          break
        case 'killed':
        case 'restarted':
          line(`  ${event.target} was ${event.event}`)
          break
        case 'remark':
          line(`  ${event.text}`)
          break
        case 'round':
          draw('')
          line(roundLine(event))
          break
        case 'summary':
          draw('')
          line(
            `\nAfter ${event.round} ${event.round === 1 ? 'round' : 'rounds'} and ${event.seconds.toFixed(0)} s: version ${event.modelVersion} has ` +
              `${percent(event.testAccuracy)} of the test photos right, for ${event.labelsAsked} labels ` +
              `(and ${event.goldenLabels} golden ones), ${event.objects} samples and ` +
              `${megabytes(event.bytesUploaded)} of ${megabytes(event.bytesCaptured)} uploaded.`
          )
          break
      }
    },
    note: line,
    close: () => draw(''),
  }
}

function roundLine(report: RoundReport): string {
  const { round, captured, accepted, review, rejected, deadLettered, labelsAsked, modelVersion } = report
  const dead = deadLettered ? `, ${deadLettered} dead letters` : ''
  return (
    `round ${String(round).padStart(2)}  ${percent(report.testAccuracy)}  version ${modelVersion}` +
    `${report.promoted ? ' (new)' : ''}  ${captured} photos: ${accepted} accepted, ${review} for review, ` +
    `${rejected} rejected${dead}  ${labelsAsked} labels`
  )
}

function progressBar(done: number): string {
  const full = Math.round(done * BAR_WIDTH)
  return `${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)} ${String(Math.round(done * 100)).padStart(3)} %`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
