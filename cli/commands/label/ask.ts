import { LINES_BESIDE_PICTURE, renderLabelling, startLabelling } from '../../labelling/index.ts'
import { openScreen } from '../../terminal/index.ts'
import type { Connection } from '../connection.ts'

/** Shows one photo after the other and asks, until the person leaves. */
export async function askAtTerminal({ platform, store, publish }: Connection): Promise<void> {
  let leave = () => {}
  const left = new Promise<void>((resolve) => {
    leave = resolve
  })
  const { stdin: input, stdout: output } = process
  const draw = () => screen.draw(renderLabelling(labelling.view(), screen.rows))
  const screen = openScreen({
    input,
    output,
    onKey: (key) => labelling.key(key) && leave(),
    onInterrupt: leave,
    onResize: () => draw(),
  })
  const labelling = startLabelling({
    ...platform,
    store,
    publish,
    picture: () => ({
      columns: screen.columns - 2,
      rows: screen.rows - LINES_BESIDE_PICTURE,
      depth: output.getColorDepth(),
    }),
    onChange: () => draw(),
  })
  try {
    draw()
    await left
  } finally {
    screen.close()
    await labelling.close()
  }
  const { answered, waiting } = labelling.view()
  output.write(`${answered} photos labelled, ${waiting} more wait.\n`)
}
