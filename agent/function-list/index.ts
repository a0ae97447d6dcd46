export { type FunctionList, followFunctionList } from './function-list.ts'
