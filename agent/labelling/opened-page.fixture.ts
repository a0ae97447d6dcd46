/**
 * For tests: as much of a browser as the page needs. It runs the page's own scripts, on the elements that its HTML has.
 * @module
 */
import { vi } from 'vitest'

type Listener = (event: Record<string, unknown>) => void

class PageElement {
  hidden = false
  value = ''
  src = ''
  textContent = ''
  children: (PageElement | string)[] = []
  readonly listeners = new Map<string, Listener>()
  addEventListener = (type: string, listener: Listener) => void this.listeners.set(type, listener)
  setAttribute() {}
  removeAttribute() {
    this.src = ''
  }
  append(child: PageElement | string) {
    this.children.push(child)
  }
  replaceChildren(...children: PageElement[]) {
    this.children = children
  }
  focus() {}
  blur() {}
}
class PageInput extends PageElement {}
class PageButton extends PageElement {}

/** A path that is only known when it runs: TypeScript need not look at what browsers run. */
const script: string = './label.page/label.js'

/** Opens the page of a server, as in a new tab. */
export async function openPage(url: string) {
  const html = await (await fetch(`${url}/label`)).text()
  const elements = new Map<string, PageElement>()
  for (const [tag, name, id] of html.matchAll(/<(\w+)[^>]*?\sid="([^"]+)"[^>]*>/gs)) {
    const element =
      name === 'input' ? new PageInput() : name === 'button' ? new PageButton() : new PageElement()
    element.hidden = /\shidden\b/.test(tag)
    elements.set(id!, element)
  }
  const element = (id: string) => elements.get(id)!
  const document = new PageElement()
  const stored = new Map<string, string>()
  const realFetch = globalThis.fetch
  let look = () => {}
  let isCut = false
  const running = new Set<Promise<unknown>>()
  async function ask(path: string, init: RequestInit): Promise<Response> {
    if (isCut) throw new TypeError('fetch failed')
    return realFetch(new URL(path, url), init)
  }
  vi.stubGlobal('document', {
    getElementById: (id: string) => elements.get(id) ?? null,
    createElement: () => new PageButton(),
    addEventListener: document.addEventListener,
  })
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => stored.set(key, value),
    removeItem: (key: string) => stored.delete(key),
  })
  vi.stubGlobal('HTMLInputElement', PageInput)
  vi.stubGlobal('HTMLButtonElement', PageButton)
  vi.stubGlobal('fetch', (path: string, init: RequestInit) => {
    const asking = ask(path, init)
    running.add(asking)
    const end = () => running.delete(asking)
    asking.then(end, end)
    return asking
  })
  vi.stubGlobal('setInterval', (work: () => void) => {
    look = work
  })
  vi.resetModules()
  await import(script)

  const preventDefault = () => {}
  return {
    text: (id: string) => element(id).textContent,
    /** Which part of the page can be seen. */
    shown: () => ['sign-in', 'asking', 'idle'].filter((id) => !element(id).hidden).join(),
    isHidden: (id: string) => element(id).hidden,
    /** The bytes of the photo that can be seen. */
    photo: async () => {
      const { src } = element('photo')
      return src === '' ? '' : Buffer.from(await (await realFetch(src)).arrayBuffer()).toString('latin1')
    },
    labels: () => element('labels').children.map((button) => (button as PageElement).children.at(-1)),
    press: (key: string) => document.listeners.get('keydown')?.({ key, target: document, preventDefault }),
    submit(form: string, fields: Record<string, string>) {
      for (const [id, value] of Object.entries(fields)) element(id).value = value
      element(form).listeners.get('submit')?.({ preventDefault })
    },
    /** Lets the time go by after which the page looks whether something waits. */
    wait: () => look(),
    stored,
    /** Whether the server can be reached. */
    cut(cut: boolean) {
      isCut = cut
    },
    /** Waits for what it still asks. */
    async close() {
      while (running.size > 0) {
        await Promise.allSettled(running)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      vi.unstubAllGlobals()
    },
  }
}
