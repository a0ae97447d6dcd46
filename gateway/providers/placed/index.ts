/**
 * Functions that are decided on elsewhere: a provider that learns from the cloud's gateway what its place has, and
 * knows how to reach it.
 * @module
 */
export type { ListedFunction } from './function-list.ts'
export { createPlacedProvider, type PlacedProvider, type PlacedProviderOptions } from './placed.ts'
export type { Reach } from './reach.ts'
