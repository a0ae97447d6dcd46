/** Writes the XML that S3 answers with. @module */

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Control characters may stand in keys; they leave as references, as S3 sends them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what has to be escaped.
const SPECIAL = /[&<>"\u0000-\u001f\u007f\ufffe\uffff]/g

function escapeText(text: string): string {
  return text.replace(SPECIAL, (char) => ESCAPES[char] ?? `&#x${char.charCodeAt(0).toString(16)};`)
}

/** An element that holds text; nothing where the value is undefined. */
export function leaf(name: string, value: string | number | boolean | undefined): string {
  return value === undefined ? '' : `<${name}>${escapeText(String(value))}</${name}>`
}

/** An element that holds elements. */
export function branch(name: string, ...children: string[]): string {
  return `<${name}>${children.join('')}</${name}>`
}

/** A whole document in S3's namespace. */
export function xmlDocument(root: string, ...children: string[]): string {
  const body = children.join('')
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${body}</${root}>`
}
