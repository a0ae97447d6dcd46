import { z } from '@hono/zod-openapi'

const label = '[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?'

/** A DNS label, as Kubernetes and OpenFaaS name functions and namespaces. */
const dnsLabel = (what: string) =>
  z
    .string()
    .regex(new RegExp(`^${label}$`), `${what} is named by at most 63 lower-case letters, digits and "-"`)

/** A DNS subdomain, as Kubernetes names nodes and secrets. */
const dnsSubdomain = (what: string) =>
  z
    .string()
    .max(253)
    .regex(
      new RegExp(`^${label}(\\.${label})*$`),
      `${what} is named by lower-case letters, digits, "-" and "."`
    )

export const functionName = dnsLabel('a function')
export const namespaceName = dnsLabel('a namespace')
export const placeName = dnsSubdomain('an edge')
export const secretName = dnsSubdomain('a secret')
