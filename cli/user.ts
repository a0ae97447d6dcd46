import { userInfo } from 'node:os'

/** Who uses this command: what they do is recorded with it. A container's user may have no name. */
export function userName(): string {
  try {
    return userInfo().username
  } catch {
    return process.env.USER || `user ${process.getuid?.() ?? 'unknown'}`
  }
}
