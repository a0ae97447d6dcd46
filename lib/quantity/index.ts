/**
 * Amounts of memory and CPU as Kubernetes writes them.
 * @module
 */
export { readQuantity } from './quantity.ts'
