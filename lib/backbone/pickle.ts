/**
 * Reads the subset of Python's pickle format (protocol 2) that torch state dicts are written in. Nothing is ever
 * imported or executed: a global outside the caller's table is refused. Opcodes as documented in Python's
 * standard library (`pickletools`).
 * @module
 */
import { EdgeloopError } from '../errors/index.ts'
import { type Cursor, createCursor } from './cursor.ts'

/** What a global stands for: a name that may be passed around and, with `call`, be applied to arguments. */
export interface PickleGlobal {
  readonly name: string
  readonly call?: (args: unknown[]) => unknown
}

export interface PickleOptions {
  /** The globals that are known. `name` is module and name with a blank between: `collections OrderedDict`. */
  globals: readonly PickleGlobal[]
  /** Turns a persistent id into a value. */
  persistent?: (id: unknown) => unknown
  /** For messages. */
  where?: string
}

const MARK = Symbol('mark')
const STOP = 0x2e

interface Machine {
  cursor: Cursor
  push(value: unknown): void
  pop(): unknown
  top(): unknown
  popToMark(): unknown[]
  memo: Map<number, unknown>
  options: PickleOptions
}

type Operation = (m: Machine) => void

const OPERATIONS: Record<number, Operation> = {
  40: (m) => m.push(MARK),
  78: (m) => m.push(null),
  136: (m) => m.push(true),
  137: (m) => m.push(false),
  75: (m) => m.push(m.cursor.u8()),
  77: (m) => m.push(m.cursor.u16()),
  74: (m) => m.push(m.cursor.i32()),
  138: (m) => m.push(m.cursor.int(m.cursor.u8())),
  71: (m) => m.push(m.cursor.f64be()),
  88: (m) => m.push(new TextDecoder().decode(m.cursor.take(m.cursor.u32()))),
  93: (m) => m.push([]),
  41: (m) => m.push([]),
  125: (m) => m.push(new Map()),
  116: (m) => m.push(m.popToMark()),
  133: (m) => m.push([m.pop()]),
  134: (m) => m.push([m.pop(), m.pop()].reverse()),
  135: (m) => m.push([m.pop(), m.pop(), m.pop()].reverse()),
  97: (m) => append(m, [m.pop()]),
  101: (m) => append(m, m.popToMark()),
  115: (m) => setItems(m, [m.pop(), m.pop()].reverse()),
  117: (m) => setItems(m, m.popToMark()),
  113: (m) => m.memo.set(m.cursor.u8(), m.top()),
  114: (m) => m.memo.set(m.cursor.u32(), m.top()),
  104: (m) => recall(m, m.cursor.u8()),
  106: (m) => recall(m, m.cursor.u32()),
  99: pushGlobal,
  82: reduce,
  98: build,
  81: persistent,
}

/**
 * Reads one pickle: dicts become `Map`s, lists and tuples arrays, ints numbers (`bigint` beyond 2^53).
 * @returns the value and the offset after the pickle's last byte
 * @throws INVALID_INPUT for unknown opcodes or globals, broken stacks, and data that ends too early
 */
export function readPickle(
  bytes: Uint8Array,
  start: number,
  options: PickleOptions
): { value: unknown; end: number } {
  const cursor = createCursor(bytes, start, options.where)
  const stack: unknown[] = []
  const machine: Machine = {
    cursor,
    options,
    memo: new Map(),
    push: (value) => stack.push(value),
    top: () => (stack.length && stack.at(-1) !== MARK ? stack.at(-1) : cursor.fail('pickle stack is empty')),
    pop() {
      machine.top()
      return stack.pop()
    },
    popToMark() {
      const mark = stack.lastIndexOf(MARK)
      if (mark < 0) cursor.fail('pickle has no mark on its stack')
      return stack.splice(mark).slice(1)
    },
  }
  if (cursor.u8() !== 0x80 || cursor.u8() !== 2) cursor.fail('not a pickle of protocol 2')
  for (;;) {
    const code = cursor.u8()
    if (code === STOP) break
    const operation = OPERATIONS[code] ?? cursor.fail(`pickle opcode 0x${code.toString(16)} is not supported`)
    operation(machine)
  }
  if (stack.length !== 1) cursor.fail(`pickle leaves ${stack.length} values on its stack`)
  return { value: machine.pop(), end: cursor.position }
}

function setItems(m: Machine, items: unknown[]): void {
  const dict = m.top()
  const map =
    dict instanceof Map && items.length % 2 === 0 ? dict : m.cursor.fail('pickle sets items of no dict')
  for (let i = 0; i < items.length; i += 2) map.set(items[i], items[i + 1])
}

function append(m: Machine, items: unknown[]): void {
  const top = m.top()
  const list = Array.isArray(top) ? top : m.cursor.fail('pickle appends to no list')
  for (const item of items) list.push(item)
}

function recall(m: Machine, key: number): void {
  m.push(m.memo.has(key) ? m.memo.get(key) : m.cursor.fail(`pickle memo ${key} was never written`))
}

function pushGlobal(m: Machine): void {
  const name = `${m.cursor.line()} ${m.cursor.line()}`
  const known = m.options.globals.find((global) => global.name === name)
  if (!known) {
    throw new EdgeloopError('INVALID_INPUT', `the file asks for '${name}', which is not allowed`, {
      where: m.options.where,
      hint: 'A state dict needs no such thing: do not trust this file.',
    })
  }
  m.push(known)
}

function reduce(m: Machine): void {
  const args = m.pop()
  const callee = m.pop()
  const { call } = m.options.globals.find((global) => global === callee) ?? {}
  const usable = call && Array.isArray(args)
  m.push(usable ? call(args) : m.cursor.fail('pickle calls something that cannot be called'))
}

/** BUILD sets an object's attributes: a state dict's `_metadata`, which nothing here needs. */
function build(m: Machine): void {
  m.pop()
  if (!(m.top() instanceof Map)) m.cursor.fail('pickle sets attributes of no dict')
}

function persistent(m: Machine): void {
  const id = m.pop()
  m.push(
    m.options.persistent ? m.options.persistent(id) : m.cursor.fail('pickle has unexpected persistent ids')
  )
}
