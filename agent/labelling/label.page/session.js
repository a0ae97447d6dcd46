/**
 * Who labels, for as long as this tab is open.
 * @module
 */
const NAME = 'edgeloop-label-name'
const TOKEN = 'edgeloop-label-token'

export function who() {
  return { name: sessionStorage.getItem(NAME) ?? '', token: sessionStorage.getItem(TOKEN) ?? '' }
}

export function signIn({ name, token }) {
  sessionStorage.setItem(NAME, name)
  sessionStorage.setItem(TOKEN, token)
}

/** The token is wrong, or is not any more; the name stays. */
export function forgetToken() {
  sessionStorage.removeItem(TOKEN)
}
