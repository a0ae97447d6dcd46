/**
 * Asks a person about one photo after the other.
 * @module
 */
import { createApi, Refused } from './api.js'
import { listenToKeys } from './keys.js'
import { createPhotos } from './photos.js'
import { forgetToken, signIn, who } from './session.js'

/** The photo that is shown, and the next one, so that nobody waits for it. */
const CLAIMED = 2
/** How often it is looked whether something waits, in milliseconds. */
const LOOK_MS = 10_000

const element = (id) => document.getElementById(id)
const api = createApi(who)
const photos = createPhotos(api.photo)
/** What is asked now; undefined where nothing is. */
let question
/** The labels that there are buttons for. */
let offered = []
/** Whether something is on its way: a second press on a key must not answer the next photo. */
let busy = false

/** Does one thing at a time, and says what went wrong. */
function once(work) {
  if (busy) return
  busy = true
  work()
    .then(() => {
      element('problem').textContent = ''
    }, complain)
    .finally(() => {
      busy = false
    })
}

function complain(error) {
  if (error instanceof Refused && error.status === 401) askWho('This edge wants to know its token.')
  else element('problem').textContent = sentenceOf(error)
}

function sentenceOf(error) {
  return error instanceof Refused ? error.message : 'This edge is out of reach. Nothing is lost; try again.'
}

function askWho(why) {
  forgetToken()
  show('sign-in')
  element('problem').textContent = why
  element('name').value = who().name
  element(who().name ? 'token' : 'name').focus()
}

/** One of what the page may be about. */
function show(part) {
  for (const id of ['sign-in', 'asking', 'idle']) element(id).hidden = id !== part
  element('after').hidden = part === 'sign-in'
}

async function ask() {
  const questions = await api.claim(CLAIMED)
  question = questions[0]
  photos.keepOnly(questions.map(({ photo }) => photo))
  for (const { photo } of questions) photos.addressOf(photo).catch(() => {})
  tellState().catch(() => {})
  if (!question) return show('idle')
  showLabels(question.labels)
  element('origin').textContent = originOf(question)
  element('photo').removeAttribute('src')
  show('asking')
  element('photo').src = await photos.addressOf(question.photo)
}

function originOf({ edge, device, second }) {
  const from = [edge, device].filter(Boolean).join(', ')
  return second ? `${from}. Somebody has answered; this asks for a second opinion.` : from
}

async function tellState() {
  const { waiting, claimed, answered } = await api.state()
  const count = waiting + claimed
  element('waiting').textContent = `${count} ${count === 1 ? 'waits' : 'wait'}, ${answered} answered`
}

function showLabels(labels) {
  // Whoever has the focus on a button keeps it.
  if (labels.join('\n') === offered.join('\n')) return
  offered = labels
  const buttons = labels.map((label, index) => {
    const button = document.createElement('button')
    button.type = 'button'
    if (index < 9) {
      const key = document.createElement('kbd')
      key.textContent = `${index + 1} `
      button.setAttribute('aria-keyshortcuts', String(index + 1))
      button.append(key)
    }
    button.append(label)
    button.addEventListener('click', () => answer(label))
    return button
  })
  element('labels').replaceChildren(...buttons)
}

/** Does something about the photo that is asked about, and goes on with the next one. */
const settle = (work) =>
  once(async () => {
    if (!question) return
    let refusal
    try {
      element('told').textContent = await work(question.photo)
    } catch (error) {
      // What the edge will not take now, or what did not reach it, can be tried again.
      if (!(error instanceof Refused) || error.status === 401 || error.status >= 500) throw error
      refusal = error
    }
    question = undefined
    await ask()
    if (refusal) throw refusal
  })

const answer = (label, isNew = false) =>
  settle(async (photo) => toldOf(label, await api.answer(photo, label, isNew)))

const skip = () =>
  settle(async (photo) => {
    await api.skip(photo)
    return 'You skipped one.'
  })

/** The model's guess is told afterwards: it would lead people. */
function toldOf(label, prediction) {
  const said = label === null ? 'You found neither.' : `You said ${label}.`
  if (!prediction) return said
  const [best] = prediction.labels
  return `${said} The model took it for ${best.label} (${Math.floor(best.score * 100)} %).`
}

const undo = () =>
  once(async () => {
    const photo = await api.undo()
    element('told').textContent =
      photo === null ? 'There is nothing to take back.' : 'You took your last answer back.'
    await ask()
  })

element('sign-in').addEventListener('submit', (event) => {
  event.preventDefault()
  signIn({ name: element('name').value.trim(), token: element('token').value.trim() })
  element('token').value = ''
  once(ask)
})
element('another').addEventListener('submit', (event) => {
  event.preventDefault()
  const field = element('another-label')
  const label = field.value.trim()
  field.value = ''
  field.blur()
  if (label) answer(label, !question?.labels.includes(label))
})
element('another-label').addEventListener('keydown', ({ key, target }) => {
  if (key === 'Escape') target.blur()
})
element('neither').addEventListener('click', () => answer(null))
element('skip').addEventListener('click', skip)
element('undo').addEventListener('click', undo)
listenToKeys({
  label(index) {
    const label = question?.labels[index]
    if (label !== undefined) answer(label)
  },
  neither: () => answer(null),
  skip,
  undo,
  another() {
    if (question) element('another-label').focus()
  },
})
setInterval(() => {
  if (element('sign-in').hidden && !question) once(ask)
}, LOOK_MS)

if (who().name) once(ask)
else {
  // Where no token is asked for, nobody needs to write one.
  tellState().then(
    () => {
      element('token-field').hidden = true
      askWho('')
    },
    () => askWho('')
  )
}
