#!/usr/bin/env node
// `npx edgeloop`: the command as Node runs it, from the TypeScript that it is written in.
import { register } from 'tsx/esm/api'

register()
await import('./main.ts')
