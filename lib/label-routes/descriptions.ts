/**
 * The routes of the HTTP API as OpenAPI describes them.
 * @module
 */
import { createRoute, z } from '@hono/zod-openapi'
import { refusal } from '../openapi/index.ts'
import {
  answerBody,
  claimBody,
  photoParams,
  questions,
  recorded,
  skipBody,
  state,
  undoBody,
  undone,
} from './schemas.ts'

/** What any route may answer. */
const REFUSALS: Readonly<Record<number, string>> = {
  400: 'Something in the request is wrong.',
  401: 'Credentials are missing or wrong.',
  404: 'There is no such photo.',
  409: 'Somebody else has the photo, or has answered.',
  413: 'The body is too large.',
  415: 'The body is not said to be JSON.',
  503: 'Something that this depends on is out of reach.',
}

const json = <S extends z.ZodType>(schema: S) => ({ 'application/json': { schema } })
const refusals = Object.fromEntries(
  Object.entries(REFUSALS).map(([status, description]) => [status, { description, content: json(refusal) }])
)
const body = <S extends z.ZodType>(schema: S) => ({ body: { required: true, content: json(schema) } })
const answers = <S extends z.ZodType>(description: string, schema: S) => ({
  ...refusals,
  200: { description, content: json(schema) },
})

/** @param prefix what all paths begin with */
export function describeRoutes(prefix: string) {
  return {
    claim: createRoute({
      method: 'post',
      path: `${prefix}/claim`,
      summary: 'Claims photos for a person: theirs already first, then the most informative and diverse ones',
      request: body(claimBody),
      responses: answers('What to ask them; nothing where no photo waits.', questions),
    }),
    answer: createRoute({
      method: 'post',
      path: `${prefix}/answer`,
      summary: 'Records an answer; it replaces an earlier one of the same person',
      request: body(answerBody),
      responses: answers('It is recorded.', recorded),
    }),
    skip: createRoute({
      method: 'post',
      path: `${prefix}/skip`,
      summary: 'Gives a photo to others: this person is never asked about it again',
      request: body(skipBody),
      responses: answers('It is skipped.', z.object({})),
    }),
    undo: createRoute({
      method: 'post',
      path: `${prefix}/undo`,
      summary: "Takes a person's last answer back: the photo is theirs again",
      request: body(undoBody),
      responses: answers('The photo.', undone),
    }),
    photo: createRoute({
      method: 'get',
      path: `${prefix}/photos/{photo}`,
      summary: 'The photo itself',
      request: { params: photoParams },
      responses: {
        ...refusals,
        200: {
          description: 'Its bytes, which never change.',
          content: { 'image/*': { schema: z.string().openapi({ format: 'binary' }) } },
        },
        304: { description: 'It is the one that If-None-Match names.' },
      },
    }),
    state: createRoute({
      method: 'get',
      path: `${prefix}/state`,
      summary: 'How labelling goes',
      responses: answers('In counts of photos.', state),
    }),
  }
}
