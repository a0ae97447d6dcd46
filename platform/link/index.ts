export { createLink, type Link } from './link.ts'
