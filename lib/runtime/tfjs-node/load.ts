import util from 'node:util'

export type TfjsNode = typeof import('@tensorflow/tfjs-node')

/** @throws whatever keeps it from loading, such as that it is not installed */
export function loadTfjsNode(): Promise<TfjsNode> {
  // tfjs-node 4.22 asks Node for this, and Node 23 took it away.
  const legacy = util as { isNullOrUndefined?: (value: unknown) => boolean }
  legacy.isNullOrUndefined ??= (value) => value === null || value === undefined
  return import('@tensorflow/tfjs-node')
}
