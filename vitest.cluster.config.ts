import { defineConfig } from 'vitest/config'

/** Tests that need root, Go, and a machine of their own: `npm run test:cluster`. */
export default defineConfig({
  test: {
    include: ['test/cluster/**/*.test.ts', 'gateway/providers/kubernetes/**/*.cluster.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 600_000,
    fileParallelism: false,
    // Each step stands on the one before.
    bail: 1,
  },
})
