export { callable, urlHost } from './address.ts'
export { freePort } from './free-port.ts'
