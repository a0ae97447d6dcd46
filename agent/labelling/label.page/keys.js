/**
 * What keys do.
 * @module
 */
const NEITHER = ['0', 'x']
const SKIP = ['n', ' ']
const UNDO = ['u']
const ANOTHER = ['w']

/**
 * @param {{ label(index: number): void, neither(): void, skip(): void, undo(): void, another(): void }} actions
 */
export function listenToKeys(actions) {
  document.addEventListener('keydown', (event) => {
    const { key, target } = event
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return
    if (target instanceof HTMLInputElement) return
    // A button that has the focus is pressed by it.
    if (key === ' ' && target instanceof HTMLButtonElement) return
    const act = actionOf(key, actions)
    if (!act) return
    event.preventDefault()
    act()
  })
}

function actionOf(key, actions) {
  if (/^[1-9]$/.test(key)) return () => actions.label(Number(key) - 1)
  if (NEITHER.includes(key)) return actions.neither
  if (SKIP.includes(key)) return actions.skip
  if (UNDO.includes(key)) return actions.undo
  return ANOTHER.includes(key) ? actions.another : undefined
}
