import type { Platform } from '../../platform/index.ts'
import type { RunEvent } from '../../platform/rounds/index.ts'
import { type Labelling, LINES_BESIDE_PICTURE, renderLabelling, startLabelling } from '../labelling/index.ts'
import { type Reporter, textReporter } from '../reporters/index.ts'
import { type Display, type KeySource, openScreen } from '../terminal/index.ts'
import { type Controls, createControls } from './controls.ts'
import { applyEvent, createLiveModel, note } from './model.ts'
import { followPlatform } from './poll.ts'
import { captureErrors } from './quiet.ts'
import { renderLive } from './render.ts'

export interface LiveOptions {
  input: KeySource
  output: Display
  perRound: number
  /** The person wants to end. */
  stop(): void
}

/** Complaints that are kept until the terminal is free for them. */
const COMPLAINTS = 200

/** The whole terminal as a view of the running platform; afterwards the terminal has a line a round, as without it. */
export function liveReporter({ input, output, perRound, stop }: LiveOptions): Reporter {
  const model = createLiveModel(perRound, Date.now())
  const told: RunEvent[] = []
  const complaints: string[] = []
  let controls: Controls | undefined
  let labelling: Labelling | undefined
  let startLabels: (() => Labelling) | undefined
  let unfollow = () => {}
  let closed = false

  const screen = openScreen({ input, output, onKey: pressed, onInterrupt: stop, onResize: () => draw() })
  const release = captureErrors(complain)
  draw()

  function draw(): void {
    const lines = labelling
      ? renderLabelling(labelling.view(), screen.rows)
      : renderLive(model, screen, Date.now())
    screen.draw(lines)
  }

  function pressed(key: string): void {
    if (labelling) {
      if (labelling.key(key) === 'leave') leaveLabels()
    } else if (key === 'q') {
      note(model, 'Stopping …')
      stop()
    } else if (key === 'l') {
      labelling = startLabels?.()
    } else controls?.key(key)
    draw()
  }

  function leaveLabels(): void {
    labelling?.close().catch(() => {})
    labelling = undefined
  }

  function take(event: RunEvent): void {
    if (event.event !== 'progress' && event.event !== 'answer') told.push(event)
    applyEvent(model, event, Date.now())
    draw()
  }

  function complain(line: string): void {
    // What goes wrong while everything ends is told at once.
    if (closed) {
      process.stderr.write(`${line}\n`)
      return
    }
    complaints.push(line)
    if (complaints.length > COMPLAINTS) complaints.shift()
    remark(line)
  }

  function remark(text: string): void {
    note(model, text)
    draw()
  }

  function labelsOf({ edges, ...platform }: Platform): Labelling {
    return startLabelling({
      ...platform,
      edges: edges.map(({ name, gateway }) => ({ name, gateway })),
      picture: () => ({
        columns: screen.columns - 2,
        rows: screen.rows - LINES_BESIDE_PICTURE,
        depth: output.getColorDepth?.() ?? 1,
      }),
      onChange: () => draw(),
    })
  }

  return {
    attach(platform) {
      controls = createControls(model, platform, take)
      startLabels = () => labelsOf(platform)
      unfollow = followPlatform(model, platform, draw)
    },
    event: take,
    note: remark,
    output: complain,
    close() {
      unfollow()
      leaveLabels()
      screen.close()
      release()
      closed = true
      const text = textReporter(output)
      for (const event of told) text.event(event)
      text.close()
      for (const line of complaints) process.stderr.write(`${line}\n`)
    },
  }
}
