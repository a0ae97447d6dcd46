import { Hono } from 'hono'

const app = new Hono()

app.post('/', async (c) => c.text(`You said: ${await c.req.text()}`))

export default app
