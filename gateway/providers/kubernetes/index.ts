/**
 * Functions as Deployments and DaemonSets of a Kubernetes cluster.
 * @module
 */
export { createKubernetesProvider, type KubernetesProviderOptions } from './kubernetes.ts'
