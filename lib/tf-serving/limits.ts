import { invalidArgument } from './serving-error.ts'

/** As many dimensions as a tensor can have in TensorFlow. */
export const MAX_RANK = 254

/** A number takes a few bytes; a string or a feature is an object of its own that takes a hundred times its text. */
const MAX_OBJECTS = 262_144

/** Counts the strings and features of one request. */
export class ObjectBudget {
  #left = MAX_OBJECTS

  /** @throws ServingError INVALID_ARGUMENT when there are too many */
  take(): void {
    if (this.#left-- === 0) {
      throw invalidArgument(`The request holds more than ${MAX_OBJECTS} strings, examples or features`)
    }
  }
}
