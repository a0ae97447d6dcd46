export { openBackbones, type StateBackbones } from './state-backbones.ts'
