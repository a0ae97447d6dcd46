/**
 * Writes tiny legacy torch files byte by byte, for tests only.
 * @module
 */

export interface StateDictEntry {
  name: string
  /** Numbers make a FloatStorage, bigints a LongStorage. */
  storage: { key: string; values: number[] | bigint[] }
  offset: number
  shape: number[]
  strides: number[]
}

interface Odd {
  /** In place of `collections\nOrderedDict\n`. */
  dictGlobal?: string
  /** Opcodes after the entries. */
  extra?: number[]
}

const MAGIC = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]

const ascii = (text: string) => [...Buffer.from(text, 'latin1')]
const u32 = (value: number) => [...new Uint8Array(Uint32Array.of(value).buffer)]
const pickle = (...body: number[]) => [0x80, 2, ...body, 0x2e]
const text = (value: string) => [0x58, ...u32(value.length), ...ascii(value)]
const int = (value: number) => [0x4a, ...u32(value)]
const global = (name: string) => [0x63, ...ascii(name)]
const tuple = (...items: number[][]) => [0x28, ...items.flat(), 0x74]

function tensor(entry: StateDictEntry): number[] {
  const { key, values } = entry.storage
  const type = typeof values[0] === 'bigint' ? 'LongStorage' : 'FloatStorage'
  const id = tuple(
    text('storage'),
    global(`torch\n${type}\n`),
    text(key),
    text('cpu'),
    int(values.length),
    [0x4e]
  )
  const args = [
    [...id, 0x51],
    int(entry.offset),
    tuple(...entry.shape.map(int)),
    tuple(...entry.strides.map(int)),
    [0x89],
    [...global('collections\nOrderedDict\n'), 0x29, 0x52],
  ]
  return [...text(entry.name), ...global('torch._utils\n_rebuild_tensor_v2\n'), ...tuple(...args), 0x52, 0x73]
}

export function legacyFile(entries: StateDictEntry[], odd: Odd = {}): Uint8Array {
  const dict = [...global(odd.dictGlobal ?? 'collections\nOrderedDict\n'), 0x29, 0x52]
  const storages = new Map(entries.map(({ storage }) => [storage.key, storage.values]))
  const data = [...storages.values()].flatMap((values) => {
    const numbers = typeof values[0] === 'bigint' ? BigInt64Array.from(values as bigint[]) : undefined
    const raw = numbers ?? Float32Array.from(values as number[])
    return [...u32(values.length), ...u32(0), ...new Uint8Array(raw.buffer)]
  })
  return Uint8Array.from([
    ...pickle(0x8a, MAGIC.length, ...MAGIC),
    ...pickle(0x4d, 0xe9, 0x03),
    ...pickle(0x7d, ...text('little_endian'), 0x88, 0x73),
    ...pickle(...dict, ...entries.flatMap(tensor), ...(odd.extra ?? [])),
    ...pickle(0x5d, 0x28, ...[...storages.keys()].flatMap(text), 0x65),
    ...data,
  ])
}
