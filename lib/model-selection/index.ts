/**
 * Which models a node has, and which of their versions: what the agent fetches and `classify` serves.
 * @module
 */
export {
  type ModelSelection,
  modelSelections,
  modelSettings,
  selectionsOf,
  type VersionPolicy,
} from './model-selection.ts'
