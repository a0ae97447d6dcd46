import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', '.cache/**', '.edgeloop/**', 'test/cluster/**', '**/*.cluster.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Most files start real servers and databases; two cores run two of them at a time.
    pool: 'forks',
    maxWorkers: 2,
  },
})
