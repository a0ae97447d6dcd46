/**
 * TensorFlow Serving's REST API over any set of models: what its clients send, answer for answer and error for error.
 * https://www.tensorflow.org/tfx/serving/api_rest
 * @module
 */
export { createTfServing } from './create-tf-serving.ts'
export type {
  DType,
  Example,
  Servable,
  ServableManager,
  Signature,
  Tensor,
  TensorInfo,
  VersionStatus,
} from './servable.ts'
export { ServingError } from './serving-error.ts'
