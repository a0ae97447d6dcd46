import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { debugText } from './debug-text.ts'
import { elements, type JsonDocument, Kind, members, ROOT, rowAfter, textOf } from './document.ts'
import { readJson } from './read-json.ts'
import { atOnce } from './slices.ts'

function read(text: string | Uint8Array): JsonDocument {
  return atOnce(readJson(Buffer.from(text as string)))
}

/** What JSON.parse would have given, with big integers as such. */
function parsed(
  document: JsonDocument,
  node: number,
  big: (digits: bigint) => unknown = (digits) => digits
): unknown {
  const { kinds, numbers, bigs } = document
  switch (kinds[node]) {
    case Kind.NULL:
      return null
    case Kind.FALSE:
      return false
    case Kind.TRUE:
      return true
    case Kind.STRING:
      return textOf(document, node)
    case Kind.BIG_INTEGER:
      return big(bigs[numbers[node]!]!)
    case Kind.ARRAY:
      return [...elements(document, node)].map((element) => parsed(document, element, big))
    case Kind.OBJECT:
      return Object.fromEntries(
        [...members(document, node)].map(([name, value]) => [name, parsed(document, value, big)])
      )
    default:
      return numbers[node]
  }
}

describe('reading JSON', () => {
  it('gives what JSON.parse gives, however it is laid out', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom(undefined, 1, '\t', '\r\n '), (text, space) => {
        const written = JSON.stringify(JSON.parse(text), null, space)
        const document = read(written)
        // -0 is an integer as 0 is.
        const expected = JSON.parse(written, (_, value) => (value === 0 ? 0 : value))
        expect(parsed(document, ROOT, Number)).toEqual(expected)
        expect(rowAfter(document, ROOT)).toBeLessThanOrEqual(document.kinds.length)
      })
    )
  })

  it('rounds every double as JavaScript does', () => {
    const decimals = fc
      .tuple(
        fc.bigInt({ min: 0n, max: 10n ** 25n }),
        fc.nat(30),
        fc.integer({ min: -330, max: 250 }),
        fc.boolean()
      )
      .map(([digits, places, power, minus]) => {
        const padded = String(digits).padStart(places + 1, '0')
        const whole = padded.slice(0, padded.length - places) || '0'
        return `${minus ? '-' : ''}${whole}.${padded.slice(padded.length - places) || '0'}e${power}`
      })
    fc.assert(
      fc.property(
        fc.oneof(decimals, fc.double({ noDefaultInfinity: true, noNaN: true }).map(String)),
        (text) => {
          const [value] = parsed(read(`[${text}]`), ROOT, Number) as [number]
          expect(value + 0).toBe(Number(text) + 0)
        }
      ),
      { numRuns: 2000 }
    )
  })

  it.each([
    ['0', Kind.INTEGER, 0],
    ['-0', Kind.INTEGER, 0],
    ['-0.0', Kind.DOUBLE, -0],
    ['1.0', Kind.DOUBLE, 1],
    ['1e2', Kind.DOUBLE, 100],
    ['1E+2', Kind.DOUBLE, 100],
    ['-12', Kind.INTEGER, -12],
    ['9007199254740991', Kind.INTEGER, 9007199254740991],
    ['NaN', Kind.DOUBLE, Number.NaN],
    ['Infinity', Kind.DOUBLE, Infinity],
    ['-Infinity', Kind.DOUBLE, -Infinity],
    ['Inf', Kind.DOUBLE, Infinity],
    ['-Inf', Kind.DOUBLE, -Infinity],
    ['18446744073709551616', Kind.DOUBLE, 2 ** 64],
    ['-9223372036854775809', Kind.DOUBLE, -(2 ** 63)],
    ['1e-400', Kind.DOUBLE, 0],
    ['2.2250738585072011e-308', Kind.DOUBLE, 2.225073858507201e-308],
    [`1${'0'.repeat(308)}`, Kind.DOUBLE, 1e308],
    [`0.${'3'.repeat(1_000_000)}`, Kind.DOUBLE, 1 / 3],
  ])('knows %.30s', (text, kind, value) => {
    const document = read(`[${text}]`)
    expect(document.kinds[1]).toBe(kind)
    expect(document.numbers[1]).toBe(value)
  })

  it.each(['9007199254740993', '9223372036854775807', '-9223372036854775808', '18446744073709551615'])(
    'keeps the digits of %s',
    (text) => {
      expect(parsed(read(`[${text}]`), ROOT)).toEqual([BigInt(text)])
    }
  )

  it('reads strings with all escapes, and leaves bytes that are no text as they are', () => {
    expect(parsed(read(String.raw`["\"\\\/\b\f\n\r\tA\u00e9\u20ac\ud83d\ude00z"]`), ROOT)).toEqual([
      '"\\/\b\f\n\r\tAé€😀z',
    ])
    const document = read(Uint8Array.of(0x5b, 0x22, 0xff, 0x5c, 0x6e, 0xfe, 0x22, 0x5d))
    expect([...document.bytes.subarray(document.numbers[1], document.ends[1])]).toEqual([0xff, 0x0a, 0xfe])
  })

  it('keeps names that come twice or that mean something to JavaScript', () => {
    const document = read('{"a":1,"__proto__":{"x":[]},"a":2}')
    expect([...members(document, ROOT)].map(([name]) => name)).toEqual(['a', '__proto__', 'a'])
  })

  it('skips a byte order mark and does not look at what follows', () => {
    expect(parsed(read('\ufeff {"a":1} {"b":'), ROOT)).toEqual({ a: 1 })
    expect(parsed(read('[1]x'), ROOT)).toEqual([1])
  })

  it('goes as deep as the text does', () => {
    const deep = 500_000
    const document = read(`${'['.repeat(deep)}${']'.repeat(deep)}`)
    expect(rowAfter(document, ROOT)).toBe(deep)
    expect(() => read('{"a":'.repeat(deep))).toThrow(`Invalid value. at offset: ${5 * deep}`)
  })

  // What RapidJSON 1.1.0 says about each, by its states and the flags of TensorFlow Serving.
  it.each([
    ['', 'The document is empty'],
    ['  ', 'The document is empty. at offset: 2'],
    [']', 'The document is empty. at offset: 0'],
    ['\0{}', 'The document is empty. at offset: 0'],
    ['instances = [1]', 'Invalid value. at offset: 0'],
    ['tru', 'Invalid value. at offset: 3'],
    ['nuLl', 'Invalid value. at offset: 2'],
    ['Nan', 'Invalid value. at offset: 2'],
    ['[Infinit]', 'Invalid value. at offset: 8'],
    ['[-]', 'Invalid value. at offset: 2'],
    ['[.5]', 'Invalid value. at offset: 1'],
    ['[+1]', 'Invalid value. at offset: 1'],
    ['[', 'Invalid value. at offset: 1'],
    ['[1,', 'Invalid value. at offset: 3'],
    ['[1, ]', 'Invalid value. at offset: 4'],
    ['[,1]', 'Invalid value. at offset: 1'],
    ['{"a":}', 'Invalid value. at offset: 5'],
    ['{"a":', 'Invalid value. at offset: 5'],
    ['[1 2]', "Missing a comma or ']' after an array element. at offset: 3"],
    ['[01]', "Missing a comma or ']' after an array element. at offset: 2"],
    ['[1}', "Missing a comma or ']' after an array element. at offset: 2"],
    ['[1', "Missing a comma or ']' after an array element. at offset: 2"],
    ['{"a":1 "b":2}', "Missing a comma or '}' after an object member. at offset: 7"],
    ['{"a":1]', "Missing a comma or '}' after an object member. at offset: 6"],
    ['{"a":1', "Missing a comma or '}' after an object member. at offset: 6"],
    ['{"a" 1}', 'Missing a colon after a name of object member. at offset: 5'],
    ['{"a"', 'Missing a colon after a name of object member. at offset: 4'],
    ['{a:1}', 'Missing a name for object member. at offset: 1'],
    ['{1:1}', 'Missing a name for object member. at offset: 1'],
    ['{"a":1,}', 'Missing a name for object member. at offset: 7'],
    ['{', 'Missing a name for object member. at offset: 1'],
    ['["a', 'Missing a closing quotation mark in string. at offset: 3'],
    ['["é', 'Missing a closing quotation mark in string. at offset: 4'],
    ['["a\0"]', 'Missing a closing quotation mark in string. at offset: 3'],
    ['["a\nb"]', 'Invalid escape character in string. at offset: 3'],
    ['["a\\x"]', 'Invalid escape character in string. at offset: 3'],
    ['["a\\', 'Invalid escape character in string. at offset: 3'],
    ['["\\u12g4"]', 'Incorrect hex digit after \\u escape in string. at offset: 2'],
    ['["\\u12', 'Incorrect hex digit after \\u escape in string. at offset: 2'],
    ['["\\ud800"]', 'The surrogate pair in string is invalid. at offset: 2'],
    ['["\\ud800\\u0041"]', 'The surrogate pair in string is invalid. at offset: 2'],
    ['[1.]', 'Miss fraction part in number. at offset: 3'],
    ['[1e]', 'Miss exponent in number. at offset: 3'],
    ['[1e+]', 'Miss exponent in number. at offset: 4'],
    ['[1e309]', 'Number too big to be stored in double. at offset: 1'],
    [`[ -1${'0'.repeat(309)}]`, 'Number too big to be stored in double. at offset: 2'],
  ])('says what is wrong with %j', (text, message) => {
    expect(() => read(text)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: `JSON Parse error: ${message}` })
    )
  })

  it('gives a document or says what is wrong, whatever the bytes', () => {
    const likely = fc.stringMatching(/^[[\]{}",:0-9.eE+\-\\ untrfalsNI]*$/).map((text) => Buffer.from(text))
    fc.assert(
      fc.property(fc.oneof(likely, fc.uint8Array()), (bytes) => {
        try {
          const document = read(bytes)
          expect(rowAfter(document, ROOT)).toBeLessThanOrEqual(document.kinds.length)
        } catch (thrown) {
          expect(thrown).toMatchObject({
            code: 'INVALID_ARGUMENT',
            message: expect.stringMatching(/^JSON Parse error: /),
          })
        }
      }),
      { numRuns: 2000 }
    )
  })
})

describe('a value in a message', () => {
  it.each([
    ['{}', '{}'],
    ['{"signature_name": 100}', '{\n    "signature_name": 100\n}'],
    [
      '[[1, 2.0],[ ],{"a":{"b":"é\\n"}, "c":null}]',
      '[[1, 2.0], [], {\n        "a": {\n            "b": "é\\n"\n        },\n        "c": null\n    }]',
    ],
    [
      '[true,false,18446744073709551615,1e30,-0.0,1e-7,0.1,1e20]',
      '[true, false, 18446744073709551615, 1e30, -0.0, 1e-7, 0.1, 100000000000000000000.0]',
    ],
    // Where a number is not finite, the text ends.
    ['[1, NaN, 2]', '[1, '],
  ])('shows %s', (text, shown) => {
    expect(debugText(read(text), ROOT)).toBe(shown)
  })

  it('is short, however much there is', () => {
    expect(debugText(read(JSON.stringify(Array(1e5).fill(7))), ROOT)).toBe(
      `[${Array(86).fill('7').join(', ')}`
    )
    expect(debugText(read(JSON.stringify('x'.repeat(1e6))), ROOT)).toBe(`"${'x'.repeat(256)}"`)
    expect(debugText(read('['.repeat(1e5) + ']'.repeat(1e5)), ROOT)).toBe('['.repeat(256))
  })
})
