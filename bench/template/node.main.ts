/** The same function with nothing around it. */
import { serve } from '@hono/node-server'
import app from '../gateway/echo.fixture.ts'

serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(process.env.PORT) })
