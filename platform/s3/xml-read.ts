/**
 * Reads the two small documents that clients send (`Delete`, `CompleteMultipartUpload`): elements, text, CDATA and the
 * predefined entities. Attributes and namespaces are skipped, document types are refused.
 * @module
 */
import { S3Error } from './s3-error.ts'

export interface XmlElement {
  name: string
  text: string
  children: XmlElement[]
}

const TOKEN =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<(\/?)([^\s/>!?]+)[^>]*?(\/?)>|([^<]+)/gy
const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function decodeEntities(text: string): string {
  return text.replace(/&(#x[0-9a-fA-F]+|#\d+|\w+);/g, (_, name: string) => {
    if (!name.startsWith('#')) return NAMED[name] ?? malformed()
    const point = name[1] === 'x' ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1))
    return point <= 0x10ffff ? String.fromCodePoint(point) : malformed()
  })
}

function malformed(): never {
  throw new S3Error('MalformedXML')
}

/** The root element of a document. Throws `MalformedXML`. */
export function readXml(source: string): XmlElement {
  const top: XmlElement = { name: '', text: '', children: [] }
  const open = [top]
  const document = source.replace(/^\ufeff/, '')
  // Where the last token ended: what is none ends the walk.
  let position = 0
  for (const token of document.matchAll(TOKEN)) {
    position = token.index + token[0].length
    const [, cdata, closing, tag, selfClosing, text] = token
    const current = open[open.length - 1]!
    if (cdata !== undefined) current.text += cdata
    else if (text !== undefined) current.text += decodeEntities(text)
    else if (tag !== undefined) {
      const name = tag.slice(tag.indexOf(':') + 1)
      if (closing) {
        if (open.length === 1 || current.name !== name) malformed()
        open.pop()
      } else {
        const element: XmlElement = { name, text: '', children: [] }
        current.children.push(element)
        if (!selfClosing) open.push(element)
      }
    }
  }
  const whole = open.length === 1 && position === document.length
  if (!whole || top.children.length !== 1 || top.text.trim() !== '') malformed()
  return top.children[0]!
}

/** The text of the first child with this name. */
export function childText(element: XmlElement, name: string): string | undefined {
  return element.children.find((child) => child.name === name)?.text
}
