import { KubeConfig } from '@kubernetes/client-node'
import { EdgeloopError } from '../errors/index.ts'

/**
 * Who we are for Kubernetes, and where it is: the file that KUBECONFIG names, or the service account of the pod that
 * this runs in.
 *
 * @throws EdgeloopError MISCONFIGURED where there is neither
 */
export function kubeConfigFrom(environment: Readonly<Record<string, string | undefined>>): KubeConfig {
  const config = new KubeConfig()
  const file = environment.KUBECONFIG
  const hint = 'set KUBECONFIG, or run in a pod with a service account'
  try {
    if (file) config.loadFromFile(file)
    else if (environment.KUBERNETES_SERVICE_HOST) config.loadFromCluster()
  } catch (cause) {
    throw new EdgeloopError('MISCONFIGURED', `the kubeconfig cannot be read: ${(cause as Error).message}`, {
      where: file,
      hint,
      cause,
    })
  }
  if (config.getCurrentCluster()) return config
  throw new EdgeloopError('MISCONFIGURED', 'it is not said which Kubernetes cluster to use', {
    where: 'KUBECONFIG',
    hint,
  })
}
