/**
 * The label queue of this edge, as its HTTP API has it: `/label/api/openapi.json` describes it.
 * @module
 */
const API = '/label/api'

/** The edge said no, with a sentence that says why. */
export class Refused extends Error {
  /** @param {number} status of HTTP @param {{ error?: string, hint?: string }} said */
  constructor(status, { error = `it answered ${status}`, hint }) {
    super(hint ? `${error}: ${hint}` : error)
    this.status = status
  }
}

/**
 * @param {() => { name: string, token: string }} who labels, and with which token; an empty one where none is asked for
 */
export function createApi(who) {
  async function ask(path, init = {}) {
    const { token } = who()
    const headers = { ...init.headers, ...(token && { Authorization: `Bearer ${token}` }) }
    const response = await fetch(`${API}${path}`, { ...init, headers })
    if (response.ok) return response
    throw new Refused(response.status, await response.json().catch(() => ({})))
  }

  async function post(path, body) {
    const response = await ask(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ ...body, by: who().name }),
    })
    return response.json()
  }

  return {
    /** The first is to be answered now, the others are for later. */
    claim: async (count) => (await post('/claim', { count })).questions,
    /** @returns what the model took the photo for */
    answer: async (photo, label, isNew) => (await post('/answer', { photo, label, isNew })).prediction,
    skip: (photo) => post('/skip', { photo }),
    /** @returns the photo that is to be answered again; null where there is none */
    undo: async () => (await post('/undo', {})).photo,
    state: async () => (await ask('/state')).json(),
    photo: async (photo) => (await ask(`/photos/${photo}`)).blob(),
  }
}
