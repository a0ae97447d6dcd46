interface Level {
  array: boolean
  values: number
}

/**
 * Lays JSON out as TensorFlow Serving does, to the blank: four spaces a level, and arrays either in one line or a line an
 * element, which may change half-way.
 */
export class PrettyWriter {
  singleLineArrays = false
  /** How many characters there are so far. */
  length = 0
  readonly #parts: string[] = []
  readonly #levels: Level[] = []

  startObject(): void {
    this.#value('{')
    this.#levels.push({ array: false, values: 0 })
  }

  endObject(): void {
    if (this.#levels.pop()!.values > 0) this.#put(this.#line())
    this.#put('}')
  }

  startArray(): void {
    this.#value('[')
    this.#levels.push({ array: true, values: 0 })
  }

  endArray(): void {
    if (this.#levels.pop()!.values > 0 && !this.singleLineArrays) this.#put(this.#line())
    this.#put(']')
  }

  /** A member's name or a value that is a string. */
  string(text: string): void {
    this.#value(JSON.stringify(text))
  }

  /** A value as it is to be read. */
  raw(text: string): void {
    this.#value(text)
  }

  toString(): string {
    return this.#parts.join('')
  }

  #value(text: string): void {
    const level = this.#levels.at(-1)
    if (level) {
      this.#put(level.array ? this.#beforeElement(level) : this.#beforeMember(level))
      level.values++
    }
    this.#put(text)
  }

  #beforeElement({ values }: Level): string {
    if (!this.singleLineArrays) return (values > 0 ? ',' : '') + this.#line()
    return values > 0 ? ', ' : ''
  }

  /** Names and values take turns. */
  #beforeMember({ values }: Level): string {
    if (values % 2 === 1) return ': '
    return (values > 0 ? ',' : '') + this.#line()
  }

  #line(): string {
    return `\n${'    '.repeat(this.#levels.length)}`
  }

  #put(text: string): void {
    this.length += text.length
    this.#parts.push(text)
  }
}
