import { once } from 'node:events'
import { request as openRequest } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import fc from 'fast-check'
import { Hono } from 'hono'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { serveHttp, type WebServer } from '../web-server/index.ts'
import { createFixture } from './half-plus-two.fixture.ts'
import { createTfServing, type ServableManager, ServingError } from './index.ts'

const maxBodyBytes = 8_000_000
const fixture = createFixture()
const app = createTfServing(fixture.manager, { maxBodyBytes })
let server: WebServer

beforeAll(async () => {
  server = await serveHttp({
    fetch: (request) => app.fetch(request),
    host: '127.0.0.1',
    port: 0,
    name: 'models',
  })
})
afterAll(() => server.close())
afterEach(() => {
  expect(fixture.inUse()).toBe(0)
})

interface Answer {
  status: number
  text: string
  type: string | undefined
  retryAfter: string | undefined
}

/** Sends a path as it is, which fetch would tidy up. */
async function send(method: string, path: string, body?: string | Uint8Array, headers = {}): Promise<Answer> {
  const outgoing = openRequest({ host: '127.0.0.1', port: server.port, method, path, headers })
  outgoing.end(body)
  const [incoming] = await once(outgoing, 'response')
  return {
    status: incoming.statusCode,
    text: await text(incoming),
    type: incoming.headers['content-type'],
    retryAfter: incoming.headers['retry-after'],
  }
}

async function get(path: string): Promise<Answer> {
  return send('GET', path)
}

/** Asks the model `kinds`, which gives back what a signature gets. */
async function echo(signature: string, json: string): Promise<Answer> {
  return send('POST', '/v1/models/kinds:predict', `{"signature_name":"${signature}",${json.trim().slice(1)}`)
}

function refusal({ status, text, type }: Answer): [status: number, message: string] {
  expect(type).toBe('application/json')
  const body = JSON.parse(text)
  expect(Object.keys(body)).toEqual(['error'])
  return [status, body.error]
}

function result({ status, text, type }: Answer): string {
  expect([status, type, text]).toEqual([200, 'application/json', text])
  return text
}

/** What is the same whatever the layout. */
function tight(answer: Answer): string {
  return result(answer).replace(/\s+/g, '')
}

const MODEL = '/v1/models/half_plus_two'

describe('what is asked of which model', () => {
  it.each([
    ['GET', '/v1/foo'],
    ['POST', '/v1/foo'],
    ['GET', '/v1/'],
    ['GET', '/v1/models/'],
    ['GET', '/v1/models/debug/model_name'],
    ['GET', '/v1/models/foo/'],
    ['POST', '/v1/models'],
    ['GET', '/v1/models/foo:predict'],
    ['GET', '/v1/models/foo/version/50:predict'],
    ['POST', '/v1/models/foo/version/50:regress'],
    ['POST', '/v1/models/foo/versions/HELLO:regress'],
    ['POST', '/v1/models/foo/metadata'],
    ['POST', '/v1/models/foo/label/some_label:regress'],
    ['POST', '/v1/models/foo/versions/50/labels/some_label:regress'],
    ['POST', '/v1/models/foo/versions/some_label:regress'],
    ['POST', '/v1/models/foo:explain'],
    ['POST', '/v1/models/foo:PREDICT'],
    ['PUT', '/v1/models/foo'],
    ['DELETE', '/v1/models/foo'],
    ['PATCH', '/v1/models/foo:predict'],
  ])('refuses %s %s', async (method, path) => {
    expect(refusal(await send(method, path))).toEqual([400, `Malformed request: ${method} ${path}`])
  })

  it('says nothing to HEAD, but that it is malformed', async () => {
    expect(await send('HEAD', MODEL)).toMatchObject({ status: 400, text: '' })
  })

  it.each(['/v1/models', '/v1/models/versions/1', '/V1/Models'])('misses a name in %s', async (path) => {
    expect(refusal(await get(path))).toEqual([400, 'Missing model name in request.'])
  })

  it.each(['9223372036854775808', '18446744073709551615', '9'.repeat(100)])(
    'has no version %s',
    async (version) => {
      const refused = [400, `Failed to convert version: ${version} to numeric.`]
      expect(refusal(await get(`${MODEL}/versions/${version}`))).toEqual(refused)
      expect(refusal(await send('POST', `${MODEL}/versions/${version}:regress`))).toEqual(refused)
    }
  )

  it('takes paths in any case', async () => {
    expect(
      tight(await send('POST', '/V1/MODELS/half_plus_two/Versions/123:predict', '{"instances":[1]}'))
    ).toBe('{"predictions":[2.5]}')
    expect(refusal(await get('/v1/models/HALF_PLUS_TWO'))[0]).toBe(404)
    expect(result(await get(`${MODEL}/METADATA`))).toBe(result(await get(MODEL)))
  })

  it('takes escaped names and labels, and half an escape for itself', async () => {
    expect(result(await get('/v1/models/a%20b%2Fé%3a%25'.replace('é', '%C3%A9')))).toContain('"7"')
    expect(result(await get('/v1/models/a%20b%2F%c3%A9%3A%'))).toContain('"7"')
    expect(result(await get(`${MODEL}/labels/%C3%A9%201`))).toContain('"123"')
    expect(refusal(await get('/v1/models/%zz%2'))).toEqual([
      404,
      'Could not find any versions of model %zz%2',
    ])
    expect(refusal(await get('/v1/models/%ff+%00'))).toEqual([
      404,
      'Could not find any versions of model \ufffd+\0',
    ])
  })

  it('does not look at a query', async () => {
    expect(result(await get(`${MODEL}?a=/b:c#d`))).toBe(result(await get(MODEL)))
    expect(tight(await send('POST', `${MODEL}:predict?x=1`, '{"instances":[1]}'))).toBe(
      '{"predictions":[2.5]}'
    )
  })

  it('lets browsers ask from elsewhere', async () => {
    const origin = await send('OPTIONS', `${MODEL}:predict`, undefined, { Origin: 'https://example.org' })
    expect(origin).toMatchObject({ status: 200, text: '' })
    expect(refusal(await send('OPTIONS', `${MODEL}:predict`))).toEqual([
      400,
      'Origin header is missing in CORS preflight',
    ])
    const odd = await send('OPTIONS', `${MODEL}:predict`, undefined, { Origin: 'file://' })
    expect(odd.status).toBe(400)
  })

  it('leaves other paths to others', async () => {
    expect(await get('/v2/models/half_plus_two')).toMatchObject({ status: 404, text: '404 Not Found' })
    expect((await get('/v1')).text).toBe('404 Not Found')
    const both = new Hono().route('/', app).get('/healthz', (c) => c.text('well'))
    expect(await (await both.request('/healthz')).text()).toBe('well')
    expect((await both.request(MODEL)).status).toBe(200)
  })
})

describe('the state of a model', () => {
  const available = (version: string) => ({
    version,
    state: 'AVAILABLE',
    status: { error_code: 'OK', error_message: '' },
  })

  it('is that of all versions, the newest first', async () => {
    expect(JSON.parse(result(await get(MODEL)))).toEqual({
      model_version_status: [
        { version: '125', state: 'END', status: { error_code: 'NOT_FOUND', error_message: 'No such file' } },
        available('124'),
        available('123'),
      ],
    })
  })

  it.each(['versions/123', 'versions/0123', 'labels/stable'])('is that of one version: %s', async (which) => {
    expect(JSON.parse(result(await get(`${MODEL}/${which}`)))).toEqual({
      model_version_status: [available('123')],
    })
  })

  it.each([
    ['/v1/models/foo', 404, 'Could not find any versions of model foo'],
    ['/v1/models/foo/versions/1', 404, 'Could not find version 1 of model foo'],
    ['/v1/models/constructor', 404, 'Could not find any versions of model constructor'],
    [`${MODEL}/versions/99`, 404, 'Could not find version 99 of model half_plus_two'],
    [
      `${MODEL}/versions/9223372036854775807`,
      404,
      'Could not find version 9223372036854775807 of model half_plus_two',
    ],
    [`${MODEL}/labels/foo`, 400, 'Unrecognized servable version label: foo'],
    ['/v1/models/foo/labels/stable', 400, 'Unrecognized servable version label: stable'],
  ])('of %s is not known', async (path, status, message) => {
    expect(refusal(await get(path))).toEqual([status, message])
  })
})

describe('what a model can do', () => {
  it('is told as in a SavedModel', async () => {
    const dim = [
      { size: '-1', name: '' },
      { size: '1', name: '' },
    ]
    const float = (name: string, shape: typeof dim | []) => ({
      dtype: 'DT_FLOAT',
      tensor_shape: { dim: shape, unknown_rank: shape.length === 0 },
      name,
    })
    const example = {
      dtype: 'DT_STRING',
      tensor_shape: { dim: [], unknown_rank: true },
      name: 'tf_example:0',
    }
    const expected = (version: string) => ({
      model_spec: { name: 'half_plus_two', signature_name: '', version },
      metadata: {
        signature_def: {
          signature_def: {
            serving_default: {
              inputs: { x: float('x:0', []) },
              outputs: { y: float('y:0', []) },
              method_name: 'tensorflow/serving/predict',
              defaults: {},
            },
            regress_x_to_y: {
              inputs: { inputs: example },
              outputs: { outputs: float('y:0', dim) },
              method_name: 'tensorflow/serving/regress',
              defaults: {},
            },
            classify_x_to_y: {
              inputs: { inputs: example },
              outputs: { scores: float('y:0', dim) },
              method_name: 'tensorflow/serving/classify',
              defaults: {},
            },
          },
        },
      },
    })
    expect(JSON.parse(result(await get(`${MODEL}/metadata`)))).toEqual(expected('124'))
    expect(JSON.parse(result(await get(`${MODEL}/versions/123/metadata`)))).toEqual(expected('123'))
    expect(JSON.parse(result(await get(`${MODEL}/labels/stable/metadata`)))).toEqual(expected('123'))
  })

  it.each([
    ['/v1/models/foo/metadata', 404, 'Servable not found for request: Latest(foo)'],
    [`${MODEL}/versions/99/metadata`, 404, 'Servable not found for request: Specific(half_plus_two, 99)'],
    [`${MODEL}/labels/foo/metadata`, 400, 'Unrecognized servable version label: foo'],
  ])('is not known of %s', async (path, status, message) => {
    expect(refusal(await get(path))).toEqual([status, message])
  })
})

describe('predict', () => {
  it.each([
    [':predict', '{"instances": [[1.0, 2.0], [3.0, 4.0]]}', '{"predictions":[[2.5,3.0],[3.5,4.0]]}'],
    ['/versions/123:predict', '{"instances": [1.0, 2.0]}', '{"predictions":[2.5,3.0]}'],
    ['/labels/stable:predict', '{"instances": [1.0, 2.0]}', '{"predictions":[2.5,3.0]}'],
    [
      ':predict',
      '{"signature_name": "serving_default", "instances": [3.0, 4.0]}',
      '{"predictions":[3.5,4.0]}',
    ],
    [':predict', '{"signature_name": "", "inputs": [3.0, 4.0]}', '{"outputs":[3.5,4.0]}'],
    [':predict', '{"inputs": {"x": [3], "more": 1}}', '{"outputs":[3.5]}'],
    [':predict', '{"inputs": 3}', '{"outputs":3.5}'],
    [':predict', '{"instances": [{"x": 1}, {"x": 2}]}', '{"predictions":[2.5,3.0]}'],
    [':predict', '{"instances": [NaN, Infinity, -Infinity]}', '{"predictions":[NaN,Infinity,-Infinity]}'],
    [':predict', '{"instances": [1]} and more', '{"predictions":[2.5]}'],
  ])('%s %s', async (which, body, answer) => {
    expect(tight(await send('POST', MODEL + which, body))).toBe(answer)
  })

  it('lays its answers out as TensorFlow Serving does', async () => {
    expect(result(await send('POST', `${MODEL}:predict`, '{"instances": [1.0, 2.0, 5.0]}'))).toBe(
      '{\n    "predictions": [2.5, 3.0, 4.5\n    ]\n}'
    )
    expect(result(await send('POST', `${MODEL}:predict`, '{"inputs": [[1.0], [2.0]]}'))).toBe(
      '{\n    "outputs": [\n        [\n            2.5\n        ],\n        [\n            3.0\n        ]\n    ]\n}'
    )
    expect(result(await echo('two', '{"instances":[{"int_tensor":[1,2],"str_tensor":"a"}]}'))).toBe(
      '{\n    "predictions": [\n        {\n            "int_tensor": [1, 2],\n            "str_tensor": "a"\n        }\n    ]\n}'
    )
  })

  it.each([
    [
      'float',
      '[1, 2.0, 5.003, 0.007, 1435774380, 18446744073709551615]',
      '[1.0,2.0,5.003,0.007,1.43577434e+09,1.84467441e+19]',
    ],
    [
      'float',
      '[1.7976931348623157e308, -1.7976931348623157e308, 2.2250738585072014e-308, -0.0]',
      '[Infinity,-Infinity,0.0,-0.0]',
    ],
    ['double', '[1.0, 2, 0.662, 1435774380, NaN]', '[1.0,2.0,0.662,1435774380.0,NaN]'],
    ['uint8', '[0, 255]', '[0,255]'],
    ['int8', '[-128, 127]', '[-128,127]'],
    ['int16', '[-32768, 32767]', '[-32768,32767]'],
    ['int32', '[-2147483648, 2147483647, -0]', '[-2147483648,2147483647,0]'],
    ['uint32', '[0, 4294967295]', '[0,4294967295]'],
    [
      'int64',
      '[-9223372036854775808, 9223372036854775807, 1]',
      '[-9223372036854775808,9223372036854775807,1]',
    ],
    ['uint64', '[18446744073709551615, 0]', '[18446744073709551615,0]'],
    ['bool', '[true, false]', '[true,false]'],
    ['string', '["foo", "", "\\u00e9\\n"]', '["foo","","é\\n"]'],
    ['string', '[{"b64": "aGVsbG8="}, {"b64": "d29ybGQ="}]', '["hello","world"]'],
    ['string', '[[{"b64": "aGVsbG8="}], ["world"]]', '[["hello"],["world"]]'],
    ['string', '[{"default": [[{"b64": "aGVsbG8="}], [{"b64": "d29ybGQ="}]]}]', '[[["hello"],["world"]]]'],
    ['bytes', '["hello", {"b64": "dGY="}]', '[{"b64":"aGVsbG8="},{"b64":"dGY="}]'],
    ['pixels', '[[[1,2,3],[4,5,6]]]', '[[[1,2,3],[4,5,6]]]'],
    ['int32', '[[1,2],[3,4],[5,6]]', '[[1,2],[3,4],[5,6]]'],
    ['int32', '[[[]],[[]]]', '[[[]],[[]]]'],
  ])('carries %s: %s', async (signature, instances, predictions) => {
    expect(tight(await echo(signature, `{"instances": ${instances}}`))).toBe(`{"predictions":${predictions}}`)
  })

  it('carries several tensors in rows and in columns', async () => {
    const rows = `[
      {"int_tensor": [[1,2],[3,4]], "str_tensor": ["foo"], "float_tensor": [1.0, NaN], "str_tensor_bytes": {"b64": "dGY="}},
      {"str_tensor_bytes": "x", "float_tensor": [2.0, Infinity], "int_tensor": [[7,8],[9,0]], "str_tensor": ["bar"]}
    ]`
    expect(tight(await echo('all', `{"instances": ${rows}}`))).toBe(
      '{"predictions":[{"int_tensor":[[1,2],[3,4]],"str_tensor":["foo"],"float_tensor":[1.0,NaN],"str_tensor_bytes":{"b64":"dGY="}},{"int_tensor":[[7,8],[9,0]],"str_tensor":["bar"],"float_tensor":[2.0,Infinity],"str_tensor_bytes":{"b64":"eA=="}}]}'
    )
    expect(
      tight(
        await echo(
          'all',
          '{"inputs": {"int_tensor": [[[1,2],[3,4]]], "str_tensor": [["foo"]], "float_tensor": 1, "str_tensor_bytes": {"b64": "aGVsbG8="}}}'
        )
      )
    ).toBe(
      '{"outputs":{"int_tensor":[[[1,2],[3,4]]],"str_tensor":[["foo"]],"float_tensor":1.0,"str_tensor_bytes":{"b64":"aGVsbG8="}}}'
    )
    expect(tight(await echo('empty', '{"instances": [1]}'))).toBe('{"predictions":[]}')
    expect(tight(await echo('scalar', '{"inputs": [1]}'))).toBe('{"outputs":1.0}')
  })

  it('gives bytes on as they came, though they are no text', async () => {
    const body = Buffer.concat([
      Buffer.from('{"signature_name":"bytes","instances":["'),
      Buffer.of(0xff, 0x00 + 0x20, 0xfe),
      Buffer.from('"]}'),
    ])
    const answer = tight(await send('POST', '/v1/models/kinds:predict', body))
    expect(answer).toBe(`{"predictions":[{"b64":"${Buffer.of(0xff, 0x20, 0xfe).toString('base64')}"}]}`)
  })

  it('reads megabytes of numbers and of base64', async () => {
    const row = Array.from({ length: 200_000 }, (_, i) => i % 256)
    const numbers = JSON.parse(result(await echo('uint8', `{"instances": [${JSON.stringify(row)}]}`)))
    expect(numbers).toEqual({ predictions: [row] })
    const b64 = Buffer.alloc(3_000_000, 'photo').toString('base64')
    expect(JSON.parse(result(await echo('bytes', `{"instances": [{"b64": "${b64}"}]}`)))).toEqual({
      predictions: [{ b64 }],
    })
  })

  it.each([
    ['foo:predict', 404, 'Servable not found for request: Latest(foo)'],
    ['foo/versions/50:predict', 404, 'Servable not found for request: Specific(foo, 50)'],
    ['half_plus_two/versions/99:predict', 404, 'Servable not found for request: Specific(half_plus_two, 99)'],
    ['half_plus_two99:predict', 404, 'Servable not found for request: Latest(half_plus_two99)'],
    [
      'half_plus_two/versions/9223372036854775807:predict',
      404,
      'Servable not found for request: Specific(half_plus_two, 9223372036854775807)',
    ],
    ['half_plus_two/labels/foo:predict', 400, 'Unrecognized servable version label: foo'],
    ['__proto__:predict', 404, 'Servable not found for request: Latest(__proto__)'],
  ])('does not find %s', async (which, status, message) => {
    expect(refusal(await send('POST', `/v1/models/${which}`, '{"instances": [1]}'))).toEqual([
      status,
      message,
    ])
  })

  it.each([
    ['', 'JSON Parse error: The document is empty'],
    ['instances = [1, 2]', 'JSON Parse error: Invalid value. at offset: 0'],
    ['{"instances": [1', "JSON Parse error: Missing a comma or ']' after an array element. at offset: 16"],
    ['[1, 2]', 'JSON Value: [1, 2] Is not object'],
    ['"x"', 'JSON Value: "x" Is not object'],
    ['{}', "Missing 'inputs' or 'instances' key"],
    [
      '{"instances": {"x": 1}}',
      'JSON Value: {\n    "instances": {\n        "x": 1\n    }\n} Expecting \'instances\' to be an list/array',
    ],
    ['{"instances": []}', 'JSON Value: {\n    "instances": []\n} No values in \'instances\' array'],
    [
      '{"instances": [1], "inputs": [1]}',
      'JSON Value: {\n    "instances": [1],\n    "inputs": [1]\n} Not formatted correctly expecting only one of \'inputs\' or \'instances\' keys to exist ',
    ],
    [
      '{"signature_name": 100}',
      'JSON Value: {\n    "signature_name": 100\n} not formatted correctly. \'signature_name\' key must be a string value.',
    ],
    [
      '{"signature_name": "foo", "instances": [1]}',
      'Serving signature name: "foo" not found in signature def',
    ],
    ['{"signature_name": "toString"}', 'Serving signature name: "toString" not found in signature def'],
    [
      '{"signature_name": "regress_x_to_y", "instances": [1]}',
      'Expected prediction signature method_name to be tensorflow/serving/predict. Was: tensorflow/serving/regress',
    ],
    [
      '{"instances": ["x", "y"]}',
      'Failed to process element: 0 of \'instances\' list. Error: INVALID_ARGUMENT: JSON Value: "x" Type: String is not of expected type: float',
    ],
    ['{"inputs": ["x"]}', 'JSON Value: "x" Type: String is not of expected type: float'],
    ['{"inputs": [null]}', 'JSON Value: null Type: Null is not of expected type: float'],
    ['{"inputs": [true]}', 'JSON Value: true Type: True is not of expected type: float'],
    [
      '{"inputs": {"b64": "aa=="}}',
      'JSON Value: {\n    "b64": "aa=="\n} Type: Object is not of expected type: float',
    ],
    ['{"inputs": {"y": [1]}}', "Missing named input: x in 'inputs' object."],
    ['{"inputs": {"__proto__": {"x": 1}}}', "Missing named input: x in 'inputs' object."],
    [
      '{"instances": [{"y": 1}]}',
      "Failed to process element: 0 key: y of 'instances' list. Error: INVALID_ARGUMENT: JSON object: does not have named input: y",
    ],
    [
      '{"instances": [{"x": 1, "x": 2}]}',
      "Failed to process element: 0 key: x of 'instances' list. Error: INVALID_ARGUMENT: JSON object: has named input more than once: x",
    ],
    [
      '{"instances": [{}]}',
      "Failed to process element: 0 of 'instances' list. JSON object: {} keys must be equal to: x",
    ],
    ['{"inputs": [[1, 2], [3]]}', 'Encountered list at unexpected size: 1 at level: 1 expected size: 2'],
    ['{"inputs": [[], [3]]}', 'Encountered list at unexpected size: 1 at level: 1 expected size: 0'],
    ['{"inputs": [1, [3]]}', 'Encountered list at unexpected level: 1 expected < 1'],
    [
      '{"inputs": [[1], 3]}',
      'JSON Value: 3 found at incorrect level: 2 in the JSON DOM. Expected at level: 2',
    ],
    [`{"inputs": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'Lists are nested deeper than 254 levels'],
    ['['.repeat(100_000), 'JSON Parse error: Invalid value. at offset: 100000'],
  ])('refuses %.60s', async (body, message) => {
    expect(refusal(await send('POST', `${MODEL}:predict`, body))).toEqual([400, message])
  })

  const element = (i: number, key?: string) =>
    `Failed to process element: ${i}${key ? ` key: ${key}` : ''} of 'instances' list. Error: INVALID_ARGUMENT: `

  it.each([
    ['int32', '[[1,2],[3,4],[5,6,7]]', `${element(2)}Expecting tensor size: 2 but got: 3`],
    ['int32', '[[1,2],[3,4],[[5,6]]]', `${element(2)}Expecting shape [2] but got: [1,2]`],
    ['int32', '[1, [1]]', `${element(1)}Expecting shape [] but got: [1]`],
    [
      'int32',
      '[[1,2],["a", "b"]]',
      `${element(1)}JSON Value: "a" Type: String is not of expected type: int32`,
    ],
    ['int32', '[1.0]', `${element(0)}JSON Value: 1.0 Type: Number is not of expected type: int32`],
    [
      'int32',
      '[2147483648]',
      `${element(0)}JSON Value: 2147483648 Type: Number is not of expected type: int32`,
    ],
    [
      'int64',
      '[9223372036854775808]',
      `${element(0)}JSON Value: 9223372036854775808 Type: Number is not of expected type: int64`,
    ],
    ['uint64', '[-1]', `${element(0)}JSON Value: -1 Type: Number is not of expected type: uint64`],
    ['uint8', '[256]', `${element(0)}JSON Value: 256 Type: Number is not of expected type: uint8`],
    ['uint8', '[-1]', `${element(0)}JSON Value: -1 Type: Number is not of expected type: uint8`],
    ['bool', '[1]', `${element(0)}JSON Value: 1 Type: Number is not of expected type: bool`],
    ['string', '[1]', `${element(0)}JSON Value: 1 Type: Number is not of expected type: string`],
    ['string', '["a", {"b64": "?"}]', `${element(1)}Unable to base64 decode`],
    [
      'string',
      '[["a", {"b64": "", "x": 1}]]',
      `${element(0)}JSON Value: {\n    "b64": "",\n    "x": 1\n} not formatted correctly for base64 data`,
    ],
    [
      'string',
      '[["a", {"b64": 1}]]',
      `${element(0)}JSON Value: {\n    "b64": 1\n} not formatted correctly for base64 data`,
    ],
    ['string', '[["baz"], {"default": "x"}]', 'Expecting value/list but got object at item 1 of input list'],
    [
      'two',
      '[1, 2]',
      'instances is a plain list, but expecting list of objects as multiple input tensors required as per tensorinfo_map',
    ],
    [
      'two',
      '[{"b64": "aa=="}]',
      'instances is a plain list, but expecting list of objects as multiple input tensors required as per tensorinfo_map',
    ],
    [
      'two',
      '[{"int_tensor": 1, "str_tensor": ""}, [1]]',
      'Expecting object but got list at item 1 of input list',
    ],
    [
      'two',
      '[{"int_tensor": 1}]',
      'Failed to process element: 0 of \'instances\' list. JSON object: {\n    "int_tensor": 1\n} keys must be equal to: int_tensor,str_tensor',
    ],
    [
      'two',
      '[{"int_tensor": [[1],[2]], "str_tensor": ""}, {"int_tensor": [[[7],[8]]], "str_tensor": ""}]',
      `${element(1, 'int_tensor')}Expecting shape [2,1] but got: [1,2,1]`,
    ],
    [
      'two',
      '[{"int_tensor": [1,2], "str_tensor": ""}, {"int_tensor": [7], "str_tensor": ""}]',
      `${element(1, 'int_tensor')}Expecting tensor size: 2 but got: 1`,
    ],
    ['pixels', '[[[1,2,3]]]', 'Expecting shape [-1,2,3] but got: [1,1,3] for input: image'],
    ['pixels', '[1]', 'Expecting shape [-1,2,3] but got: [1] for input: image'],
    ['nothing', '[1]', 'Failed to get input map for signature: nothing'],
    ['no_outputs', '[1]', 'Cannot convert empty tensor map to JSON'],
    ['apart', '[1]', 'Tensor name: b has inconsistent batch size: 1 expecting: 2'],
    ['scalar', '[1]', 'Tensor name: a has no shape information '],
  ])('refuses for %s: %s', async (signature, instances, message) => {
    expect(refusal(await echo(signature, `{"instances": ${instances}}`))).toEqual([400, message])
  })

  it('refuses a plain value where there are several inputs', async () => {
    expect(refusal(await echo('two', '{"inputs": [1]}'))).toEqual([
      400,
      'inputs is a plain value/list, but expecting an object as multiple input tensors required as per tensorinfo_map',
    ])
  })

  it('reserves no room for what the first row promises and the others do not have', async () => {
    const instances = `[[${Array(200_000).fill(0)}]${',[]'.repeat(1_000_000)}]`
    expect(refusal(await echo('double', `{"instances": ${instances}}`))).toEqual([
      400,
      `${element(1)}Expecting tensor size: 200000 but got: 0`,
    ])
    expect(refusal(await echo('double', `{"inputs": ${instances}}`))).toEqual([
      400,
      'Encountered list at unexpected size: 0 at level: 1 expected size: 200000',
    ])
  })

  it('takes no more strings than there is room for', async () => {
    const [status, message] = refusal(await echo('string', `{"inputs": [""${',""'.repeat(300_000)}]}`))
    expect(status).toBe(400)
    expect(message).toBe('The request holds more than 262144 strings, examples or features')
  })

  it('takes no more bytes than it was told', async () => {
    expect(refusal(await send('POST', `${MODEL}:predict`, ' '.repeat(maxBodyBytes + 1)))).toEqual([
      400,
      `the request has more than ${maxBodyBytes} bytes`,
    ])
  })
})

describe('classify and regress', () => {
  it.each([
    [':regress', '{"signature_name": "regress_x_to_y", "examples": [{"x": 80.0}]}', '{"results":[142.0]}'],
    [
      '/versions/123:regress',
      '{"signature_name": "regress_x_to_y", "examples": [{"x": 80.0}]}',
      '{"results":[42.0]}',
    ],
    [
      '/labels/stable:regress',
      '{"signature_name": "regress_x_to_y", "examples": [{"x": [0.2]}, {"x": NaN}, {"x": -Infinity}]}',
      '{"results":[2.1,NaN,-Infinity]}',
    ],
    [
      '/labels/stable:regress',
      '{"signature_name": "regress_x_to_y", "context": {"x": 2}, "examples": [{}, {"x": 4}]}',
      '{"results":[3.0,4.0]}',
    ],
    [
      '/versions/123:classify',
      '{"signature_name": "classify_x_to_y", "examples": [{"x": 20.0}]}',
      '{"results":[[["",12.0]]]}',
    ],
    [
      '/labels/stable:classify',
      '{"signature_name": "classify_x_to_y", "examples": [{"x": 10.0}, {"x": 1}]}',
      '{"results":[[["",7.0]],[["",2.5]]]}',
    ],
  ])('%s %s', async (which, body, answer) => {
    expect(tight(await send('POST', MODEL + which, body))).toBe(answer)
  })

  it('lays its answers out as TensorFlow Serving does', async () => {
    const examples = '"examples": [{"x": 10.0}, {"x": 1}]'
    expect(
      result(
        await send(
          'POST',
          `${MODEL}/versions/123:classify`,
          `{"signature_name": "classify_x_to_y", ${examples}}`
        )
      )
    ).toBe('{\n    "results": [[["", 7.0]], [["", 2.5]]\n    ]\n}')
    expect(
      result(
        await send(
          'POST',
          `${MODEL}/versions/123:regress`,
          `{"signature_name": "regress_x_to_y", ${examples}}`
        )
      )
    ).toBe('{\n    "results": [7.0, 2.5]\n}')
  })

  it('hands features on with the context among them', async () => {
    const body = `{
      "signature_name": "examples",
      "context": {"query": "pizza", "age": 1, "__proto__": "kept"},
      "examples": [
        {"names": ["foo", {"b64": "aGVsbG8="}], "ratings": [8.0, 0.1], "age": 20, "none": []},
        {"mixed": [1, true, false], "big": -9223372036854775808}
      ]
    }`
    const { results } = JSON.parse(result(await send('POST', '/v1/models/kinds:classify', body)))
    expect(results).toEqual([
      [
        ['query="pizza"', 1],
        ['age=20', 1],
        ['__proto__="kept"', 1],
        ['names="foo",<hello>', 2],
        [`ratings=8,${Math.fround(0.1)}`, 2],
        ['none=', 0],
      ],
      [
        ['query="pizza"', 1],
        ['age=1', 1],
        ['__proto__="kept"', 1],
        ['mixed=1,1,0', 3],
        ['big=-9223372036854776000', 1],
      ],
    ])
  })

  const invalid: [body: string, message: string][] = [
    ['', 'JSON Parse error: The document is empty'],
    [
      '{"signature_name": ["hello"], "examples": []}',
      'JSON Value: {\n    "signature_name": ["hello"],\n    "examples": []\n} not formatted correctly. \'signature_name\' key must be a string value.',
    ],
    [
      '{"instances": [1]}',
      'JSON Value: {\n    "instances": [1]\n} When method is classify, key \'examples\' is expected and was not found',
    ],
    [
      '{"examples": {"x": 1}}',
      'JSON Value: {\n    "examples": {\n        "x": 1\n    }\n} Expecting \'examples\' value to be an list/array',
    ],
    ['{"examples": []}', 'JSON Value: {\n    "examples": []\n} \'examples\' value is an empty array'],
    ['{"examples": [[{}]]}', 'Example must be JSON object but got JSON Array'],
    ['{"context": [{"x": 1}], "examples": [{}]}', 'Example must be JSON object but got JSON Array'],
    ['{"examples": [{"x": [10, null]}]}', 'Feature: x has element with unexpected JSON type: Null'],
    ['{"examples": [{"x": [10, {"test": 10}]}]}', 'Feature: x has element with unexpected JSON type: Object'],
    ['{"examples": [{"x": [[10], 20]}]}', 'Feature: x has element with unexpected JSON type: Array'],
    ['{"examples": [{"x": [10, 10.0]}]}', 'Unexpected element type in feature: x expecting type: int64'],
    ['{"examples": [{"x": [10.0, "a"]}]}', 'Unexpected element type in feature: x expecting type: float'],
    ['{"examples": [{"x": ["a", 1]}]}', 'Unexpected element type in feature: x expecting type: bytes'],
    [
      '{"examples": [{"x": [20, 18446744073709551603]}]}',
      'Feature: x has uint64_t element. Only int64_t is supported.',
    ],
    ['{"examples": [{"x": {"b64": "?"}}]}', 'Unable to base64 decode'],
    ['{"signature_name": "foo", "examples": [{}]}', 'No signature was found with the name: foo'],
    [
      `{"examples": [{}${',{}'.repeat(300_000)}]}`,
      'The request holds more than 262144 strings, examples or features',
    ],
  ]
  it.each(invalid)('refuses %.60s', async (body, message) => {
    for (const method of ['classify', 'regress']) {
      expect(refusal(await send('POST', `${MODEL}:${method}`, body))).toEqual([400, message])
    }
  })

  it('refuses signatures for something else', async () => {
    expect(refusal(await send('POST', `${MODEL}:classify`, '{"examples": [{}]}'))).toEqual([
      400,
      'Expected classification signature method_name to be tensorflow/serving/classify. Was: tensorflow/serving/predict',
    ])
    expect(
      refusal(
        await send('POST', `${MODEL}:regress`, '{"signature_name": "classify_x_to_y", "examples": [{}]}')
      )
    ).toEqual([
      400,
      'Expected regression signature method_name to be tensorflow/serving/regress. Was: tensorflow/serving/classify',
    ])
  })

  it.each([
    ['foo:classify', 404, 'Servable not found for request: Latest(foo)'],
    ['half_plus_two/versions/9:regress', 404, 'Servable not found for request: Specific(half_plus_two, 9)'],
    ['half_plus_two/labels/foo:regress', 400, 'Unrecognized servable version label: foo'],
  ])('does not find %s', async (which, status, message) => {
    expect(refusal(await send('POST', `/v1/models/${which}`, '{"examples": [{}]}'))).toEqual([
      status,
      message,
    ])
  })

  it('refuses results that are not as many as the examples', async () => {
    const body = (name: string) => `{"signature_name": "${name}", "examples": [{}]}`
    expect(refusal(await send('POST', '/v1/models/kinds:classify', body('unlabelled')))).toEqual([
      400,
      'Expected classes output batch size of 1. Got: 0',
    ])
    expect(refusal(await send('POST', '/v1/models/kinds:regress', body('numberless')))).toEqual([
      400,
      'Input batch size did not match output batch size: 1 vs. 0',
    ])
  })
})

describe('a model that fails', () => {
  it.each([
    ['unprocessable', 400, 'The image does not decode', undefined],
    ['overloaded', 429, 'The queue is full', '1'],
    ['unavailable', 503, 'The worker restarts', '1'],
    ['slow', 504, 'It took too long', undefined],
  ])('%s', async (signature, status, message, retryAfter) => {
    const answer = await echo(signature, '{"instances": [1]}')
    expect(refusal(answer)).toEqual([status, message])
    expect(answer.retryAfter).toBe(retryAfter)
  })

  it.each([
    ['broken', 'undefined is not a function'],
    ['missing', 'Expected 1 output tensor(s). Got: 0'],
    ['renamed', "Could not find output tensor 'a'"],
    ['retyped', "Output tensor 'a' is not of expected type: int32"],
    ['misshapen', "Output tensor 'a' has 1 values where its shape has 3"],
  ])('%s: the log has it, too', async (signature, message) => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    try {
      expect(refusal(await echo(signature, '{"instances": [1]}'))).toEqual([500, message])
      expect(log).toHaveBeenCalledWith(expect.objectContaining({ code: 'INTERNAL', message }))
    } finally {
      log.mockRestore()
    }
  })

  it.each([
    ['FAILED_PRECONDITION', 400],
    ['OUT_OF_RANGE', 400],
    ['UNAUTHENTICATED', 401],
    ['PERMISSION_DENIED', 403],
    ['NOT_FOUND', 404],
    ['ALREADY_EXISTS', 409],
    ['ABORTED', 409],
    ['RESOURCE_EXHAUSTED', 429],
    ['CANCELLED', 499],
    ['UNKNOWN', 500],
    ['DATA_LOSS', 500],
    ['UNIMPLEMENTED', 501],
    ['UNAVAILABLE', 503],
    ['DEADLINE_EXCEEDED', 504],
  ] as const)('with %s of its own answers %i', async (code, status) => {
    const use: ServableManager['use'] = async () => {
      throw new ServingError(code, 'so it is')
    }
    const failing = createTfServing({ ...fixture.manager, use }, { maxBodyBytes })
    const answer = await failing.request(`${MODEL}:predict`, { method: 'POST', body: '{"instances":[1]}' })
    expect([answer.status, await answer.json()]).toEqual([status, { error: 'so it is' }])
  })

  it('hears when nobody waits for its answer any more', async () => {
    let began = (_signal: AbortSignal) => {}
    const run = new Promise<AbortSignal>((resolve) => {
      began = resolve
    })
    const patient = createTfServing(
      {
        ...fixture.manager,
        async use(_model, _version, work) {
          const signature = {
            method: 'predict' as const,
            inputs: { x: { name: 'x:0', dtype: 'DT_FLOAT' as const, shape: null } },
            outputs: {},
            async run(_: unknown, signal: AbortSignal) {
              began(signal)
              await once(signal, 'abort')
              throw signal.reason
            },
          }
          return { value: await work({ version: 1, signatures: { serving_default: signature } }) }
        },
      },
      { maxBodyBytes }
    )
    const caller = new AbortController()
    const answer = patient.request(`${MODEL}:predict`, {
      method: 'POST',
      body: '{"instances":[1]}',
      signal: caller.signal,
    })
    expect((await run).aborted).toBe(false)
    caller.abort()
    expect((await answer).status).toBe(499)
  })
})

describe('whatever comes', () => {
  const name = fc.constantFrom('half_plus_two', 'kinds', 'kinds', 'kinds', 'foo', '%', '%e9', '__proto__', '')
  const signature = fc.constantFrom(
    'serving_default',
    'regress_x_to_y',
    'classify_x_to_y',
    'float',
    'int64',
    'string',
    'bytes',
    'two',
    'examples',
    '__proto__',
    ''
  )
  const key = fc.constantFrom(
    'x',
    'default',
    'int_tensor',
    'str_tensor',
    'image_bytes',
    'b64',
    '__proto__',
    'constructor'
  )
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.oneof(fc.integer(), fc.double(), fc.boolean(), fc.constant(null), fc.string(), fc.constant('aGk=')),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(key, tie('value'), { maxKeys: 3 })
    ),
  }))
  const alike = fc.oneof(fc.array(fc.integer(), { minLength: 1 }), fc.array(fc.string(), { minLength: 1 }))
  const examples = fc.array(fc.dictionary(key, fc.oneof(fc.integer(), alike)), { minLength: 1 })
  const body = fc.oneof(
    fc
      .tuple(
        fc.constantFrom('float', 'double', 'int32', 'string', 'bytes'),
        fc.constantFrom('instances', 'inputs'),
        alike
      )
      .map(([signature_name, where, values]) => JSON.stringify({ signature_name, [where]: values })),
    examples.map((all) => JSON.stringify({ signature_name: 'examples', examples: all })),
    fc
      .record(
        {
          signature_name: fc.oneof(signature, value),
          instances: value,
          inputs: value,
          examples: value,
          context: value,
        },
        { requiredKeys: [] }
      )
      .map((json) => JSON.stringify(json)),
    fc
      .tuple(
        signature,
        fc.constantFrom('instances', 'inputs', 'examples'),
        fc.array(value, { minLength: 1, maxLength: 3 })
      )
      .map(([signature_name, where, values]) => JSON.stringify({ signature_name, [where]: values })),
    fc.json(),
    fc.string()
  )

  async function check(
    method: string,
    path: string,
    sent: string | Uint8Array<ArrayBuffer>
  ): Promise<number> {
    const withBody = method !== 'GET' && method !== 'HEAD'
    const answer = await app.request(path, { method, body: withBody ? sent : undefined })
    expect(answer.status).toBeLessThan(500)
    const text = await answer.text()
    if (method === 'HEAD') return answer.status
    expect(answer.headers.get('content-type')).toBe('application/json')
    if (answer.status !== 200) expect(JSON.parse(text)).toEqual({ error: expect.any(String) })
    else expect(text).toMatch(/^\{\s*"(predictions|outputs|results|model_version_status|model_spec)":/)
    return answer.status
  }

  it('is answered, be it JSON that almost fits', async () => {
    const statuses = new Map<string, Set<number>>()
    await fc.assert(
      fc.asyncProperty(
        name,
        fc.constantFrom('predict', 'classify', 'regress'),
        body,
        async (model, call, sent) => {
          const status = await check('POST', `/v1/models/${model}:${call}`, sent)
          statuses.set(call, new Set(statuses.get(call)).add(status))
        }
      ),
      { numRuns: 3000 }
    )
    // It got as far as it can.
    expect([...statuses.get('predict')!]).toEqual(expect.arrayContaining([200, 400, 404]))
    expect([...statuses.get('classify')!]).toEqual(expect.arrayContaining([200, 400, 404]))
    expect([...statuses.get('regress')!]).toEqual(expect.arrayContaining([400, 404]))
  })

  it('is answered, be it any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array(), body, fc.nat(), async (bytes, json, cut) => {
        const text = Buffer.from(json)
        const at = cut % (text.length + 1)
        await check('POST', `${MODEL}:predict`, Uint8Array.from(bytes))
        await check(
          'POST',
          '/v1/models/kinds:predict',
          Uint8Array.from([...text.subarray(0, at), ...bytes, ...text.subarray(at)])
        )
      }),
      { numRuns: 1000 }
    )
  })

  it('is answered, be it any path and method', async () => {
    const part = fc.oneof(
      name,
      fc.webPath(),
      fc.constantFrom('/', ':', 'versions/', 'labels/', '12', 'metadata', ':predict', 'stable', '%2', '%00'),
      fc.string()
    )
    const method = fc.constantFrom('GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'FOO')
    await fc.assert(
      fc.asyncProperty(
        method,
        fc.boolean(),
        fc.array(part, { maxLength: 6 }),
        async (verb, models, parts) => {
          const path = `/v1/${models ? 'models/' : ''}${parts.join('')}`
          // What leads out from under /v1 is nothing of its own.
          if (!/^\/v1\//.test(new URL(path, 'http://localhost').pathname)) return
          await check(verb, path, '{"instances":[1]}')
        }
      ),
      { numRuns: 2000 }
    )
  })

  it('is answered when it comes as no client would send it', async () => {
    for (const target of [
      '/v1/models/%%%',
      '/v1/models/\u00ff',
      '/v1//models',
      '/v1/models/\\..\\x',
      '/v1/./models/foo',
    ]) {
      const socket = connect(server.port, '127.0.0.1')
      socket.end(Buffer.from(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`, 'latin1'))
      expect(await text(socket)).toMatch(/^HTTP\/1\.1 40[04] /)
    }
  })
})
