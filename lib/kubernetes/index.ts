/**
 * Kubernetes' API: who we are there, requests, and copies of objects that are kept up to date by watching.
 * @module
 */
export { createKubernetesClient, type KubernetesClient, type KubernetesList } from './client.ts'
export { kubeConfigFrom } from './config.ts'
export { createMirror, type Mirror, type MirrorOptions } from './mirror.ts'
export type { KubernetesObject } from './object.ts'
