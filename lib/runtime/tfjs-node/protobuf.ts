/**
 * The part of TensorFlow's protocol buffers that a SavedModel without variables needs; fields and numbers as in
 * tensorflow/core/protobuf/{saved_model,meta_graph}.proto and tensorflow/core/framework/*.proto.
 * @module
 */
import protobuf from 'protobufjs/light.js'

/** tensorflow/core/framework/types.proto */
export const DataType = { DT_FLOAT: 1, DT_INT32: 3 } as const

const field = (type: string, id: number) => ({ type, id })
const repeated = (type: string, id: number) => ({ rule: 'repeated', type, id })
const map = (type: string, id: number) => ({ keyType: 'string', type, id })

const schema = protobuf.Root.fromJSON({
  nested: {
    SavedModel: {
      fields: { savedModelSchemaVersion: field('int64', 1), metaGraphs: repeated('MetaGraphDef', 2) },
    },
    MetaGraphDef: {
      fields: {
        metaInfoDef: field('MetaInfoDef', 1),
        graphDef: field('GraphDef', 2),
        signatureDef: map('SignatureDef', 5),
      },
    },
    MetaInfoDef: { fields: { tags: repeated('string', 4) } },
    SignatureDef: {
      fields: {
        inputs: map('TensorInfo', 1),
        outputs: map('TensorInfo', 2),
        methodName: field('string', 3),
      },
    },
    TensorInfo: {
      fields: {
        name: field('string', 1),
        dtype: field('int32', 2),
        tensorShape: field('TensorShapeProto', 3),
      },
    },
    GraphDef: { fields: { node: repeated('NodeDef', 1), versions: field('VersionDef', 4) } },
    VersionDef: { fields: { producer: field('int32', 1) } },
    NodeDef: {
      fields: {
        name: field('string', 1),
        op: field('string', 2),
        input: repeated('string', 3),
        attr: map('AttrValue', 5),
      },
    },
    AttrValue: {
      fields: {
        list: field('ListValue', 1),
        s: field('bytes', 2),
        type: field('int32', 6),
        shape: field('TensorShapeProto', 7),
        tensor: field('TensorProto', 8),
      },
    },
    ListValue: { fields: { i: repeated('int64', 3) } },
    TensorProto: {
      fields: {
        dtype: field('int32', 1),
        tensorShape: field('TensorShapeProto', 2),
        tensorContent: field('bytes', 4),
      },
    },
    TensorShapeProto: { fields: { dim: repeated('Dim', 2) } },
    Dim: { fields: { size: field('int64', 1) } },
  },
})

const message = schema.lookupType('SavedModel')

/** A node of the graph: an operation, what it takes (names of nodes), and its attributes. */
export interface NodeDef {
  name: string
  op: string
  input: string[]
  attr: Record<string, AttrValue>
}

export type AttrValue =
  | { list: { i: number[] } }
  | { s: Uint8Array }
  | { type: number }
  | { shape: TensorShape }
  | { tensor: { dtype: number; tensorShape: TensorShape; tensorContent: Uint8Array } }

export interface TensorShape {
  /** -1: of any size. */
  dim: { size: number }[]
}

export interface TensorInfo {
  /** `NODE:0` */
  name: string
  dtype: number
  tensorShape: TensorShape
}

export interface SavedModel {
  savedModelSchemaVersion: 1
  metaGraphs: {
    metaInfoDef: { tags: string[] }
    graphDef: { node: NodeDef[]; versions: { producer: number } }
    signatureDef: Record<
      string,
      { inputs: Record<string, TensorInfo>; outputs: Record<string, TensorInfo>; methodName: string }
    >
  }[]
}

/** The bytes of a `saved_model.pb`. */
export function encodeSavedModel(model: SavedModel): Uint8Array {
  return message.encode(message.fromObject(model)).finish()
}
