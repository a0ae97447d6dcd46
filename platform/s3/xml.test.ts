import fc from 'fast-check'
import { expect, test } from 'vitest'
import { childText, readXml } from './xml-read.ts'
import { leaf, xmlDocument } from './xml-write.ts'

test('what is written is read again', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(childText(readXml(xmlDocument('Delete', leaf('Key', text))), 'Key')).toBe(text)
    })
  )
})

test('prologue, comments, CDATA, prefixes, attributes and references', () => {
  const source = `\ufeff<?xml version="1.0"?><!-- a <b> --><s3:Delete xmlns:s3="x">
    <s3:Object a="1"><Key><![CDATA[<&]]>&#65;&#x1F989;&apos;</Key><VersionId/></s3:Object>
  </s3:Delete>\n`
  const [object] = readXml(source).children
  expect(object?.name).toBe('Object')
  expect(childText(object!, 'Key')).toBe("<&A\u{1f989}'")
  expect(childText(object!, 'VersionId')).toBe('')
})

test.each([
  '',
  'text',
  '<a>',
  '</a>',
  '<a></b>',
  '<a/><b/>',
  '<a>&unknown;</a>',
  '<a>&#x110000;</a>',
  '<!DOCTYPE a [<!ENTITY b "c">]><a/>',
  '<a/>trailing',
  '<a></a',
])('%j is malformed', (source) => {
  expect(() => readXml(source)).toThrow(expect.objectContaining({ code: 'MalformedXML' }))
})
