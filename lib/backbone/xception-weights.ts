/**
 * Xception's ImageNet weights as Keras Applications publishes them; addresses and digests as in its
 * keras/src/applications/xception.py.
 * @module
 */

const BASE = 'https://storage.googleapis.com/tensorflow/keras-applications/xception/'

export interface PublishedWeights {
  url: string
  /** In hexadecimal digits. */
  md5: string
}

/** Without the classifier, which no backbone needs. */
export const xceptionWeights: PublishedWeights = {
  url: `${BASE}xception_weights_tf_dim_ordering_tf_kernels_notop.h5`,
  md5: 'b0042744bf5b25fce3cb969f33bebb97',
}

/** The same with the classifier. */
const withClassifier: PublishedWeights = {
  url: `${BASE}xception_weights_tf_dim_ordering_tf_kernels.h5`,
  md5: '0a58e3b7378bc2990ea3b43d5981f1f6',
}

/** The file's name where Keras published these very bytes, whatever they are called now; undefined otherwise. */
export function publishedName(md5: string): string | undefined {
  const found = [xceptionWeights, withClassifier].find((weights) => weights.md5 === md5)
  return found?.url.slice(BASE.length)
}
