/** Carried by all objects of a function, with its name. */
export const FUNCTION_LABEL = 'faas_function'

/** Carried by a node: `false` where pods have no network of their own, `true` where they have one though it is KubeEdge's. */
export const POD_NETWORK_LABEL = 'edgeloop.dev/pod-network'

export const EDGE_LABEL = 'node-role.kubernetes.io/edge'

/** Carried by the Secrets that the gateway has made. */
export const MANAGED = { key: 'app.kubernetes.io/managed-by', value: 'edgeloop' } as const

export const ANNOTATIONS = {
  /** Of a workload: what was asked for, as JSON, exactly so. */
  deployment: 'edgeloop.dev/deployment',
  /** Of a workload: its port at 127.0.0.1 of its nodes. */
  port: 'edgeloop.dev/port',
  /** Of its pods: which state of the workload they were made from. */
  revision: 'edgeloop.dev/revision',
  /** Of a namespace for functions, as in OpenFaaS: `1`. */
  namespace: 'openfaas',
} as const

/** Where objects are in the API. */
export const paths = {
  nodes: '/api/v1/nodes',
  node: (name: string) => `/api/v1/nodes/${name}`,
  leases: '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases',
  namespaces: '/api/v1/namespaces',
  namespace: (name: string) => `/api/v1/namespaces/${name}`,
  pods: (namespace: string) => `/api/v1/namespaces/${namespace}/pods`,
  log: (namespace: string, pod: string) => `/api/v1/namespaces/${namespace}/pods/${pod}/log`,
  secrets: (namespace: string) => `/api/v1/namespaces/${namespace}/secrets`,
  secret: (namespace: string, name: string) => `/api/v1/namespaces/${namespace}/secrets/${name}`,
  workloads: (namespace: string, kind: 'Deployment' | 'DaemonSet') =>
    `/apis/apps/v1/namespaces/${namespace}/${kind.toLowerCase()}s`,
  workload: (namespace: string, kind: 'Deployment' | 'DaemonSet', name: string) =>
    `/apis/apps/v1/namespaces/${namespace}/${kind.toLowerCase()}s/${name}`,
  autoscalers: (namespace: string) => `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers`,
  autoscaler: (namespace: string, name: string) =>
    `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers/${name}`,
  profiles: (namespace: string) => `/apis/openfaas.com/v1/namespaces/${namespace}/profiles`,
  roleBindings: (namespace: string) =>
    `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`,
  whoAmI: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
  usage: (namespace: string) => `/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods`,
} as const
