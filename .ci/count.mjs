// Prints "N passed, N failed" from vitest's JSON report; a file that could not be run counts as a failure.
import { readFileSync } from 'node:fs'

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const broken = report.testResults.filter(
  ({ status, assertionResults }) =>
    status === 'failed' && !assertionResults.some((test) => test.status === 'failed')
)
for (const { name, message } of broken) console.error(`${name}: ${message}`)
const failed = report.numFailedTests + broken.length
const skipped = report.numPendingTests ? `, ${report.numPendingTests} skipped` : ''
console.log(`${report.numPassedTests} passed, ${failed} failed${skipped}`)
process.exitCode = failed > 0 || report.numPassedTests === 0 ? 1 : 0
