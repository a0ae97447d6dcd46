/** What a device logs to; a pino logger fits. */
export interface DeviceLog {
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

export const silent: DeviceLog = { info() {}, warn() {}, error() {} }
