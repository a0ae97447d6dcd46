/**
 * For tests: a platform in a process of its own, which can be killed.
 * @module
 */
import { createPlatform } from './index.ts'

const [state] = process.argv.slice(2)
const platform = await createPlatform({ state: state!, edges: 1 })
process.send?.({ gateway: platform.gateway, edge: platform.edges[0]!.gateway })
