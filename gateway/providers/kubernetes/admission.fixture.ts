/**
 * For tests: what a cluster's owner may have put between the gateway and its objects.
 * @module
 */
import { mkdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { json } from 'node:stream/consumers'
import { execa } from 'execa'

/** Starts a server that changes every object that the API server asks it about; its key is kept in the directory. */
export async function startAdmission(directory: string, patch: object[]) {
  await mkdir(directory, { recursive: true })
  const [key, certificate] = ['key.pem', 'certificate.pem'].map((name) => path.join(directory, name))
  const subject = ['-subj', '/CN=webhook', '-addext', 'subjectAltName=IP:127.0.0.1']
  const days = ['-days', '2', '-nodes', '-newkey', 'rsa:2048']
  await execa('openssl', ['req', '-x509', ...days, '-keyout', key!, '-out', certificate!, ...subject])
  const [pemKey, pem] = [await readFile(key!), await readFile(certificate!)]
  const server = createServer({ key: pemKey, cert: pem }, async (request, response) => {
    const { request: asked } = (await json(request)) as { request: { uid: string } }
    const answer = { uid: asked.uid, allowed: true, patchType: 'JSONPatch' }
    const encoded = Buffer.from(JSON.stringify(patch)).toString('base64')
    const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' }
    response.end(JSON.stringify({ ...review, response: { ...answer, patch: encoded } }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    certificate: pem.toString('base64'),
    close: () =>
      new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      }),
  }
}
