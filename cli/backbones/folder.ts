import { homedir } from 'node:os'
import path from 'node:path'

/** Where added backbones are kept, each in a folder of its name: `EDGELOOP_BACKBONES`, or `~/.edgeloop/backbones`. */
export function backbonesFolder(environment: Readonly<Record<string, string | undefined>>): string {
  return path.resolve(environment.EDGELOOP_BACKBONES || path.join(homedir(), '.edgeloop', 'backbones'))
}
