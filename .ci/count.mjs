// Prints "N passed, N failed" from vitest's JSON reports, and before it what failed: in a long log that stands too far up.
// A file that could not be run counts as a failure, and so does a report that is not there, except those behind
// `--optional`: what was skipped altogether leaves none.
import { existsSync, readFileSync } from 'node:fs'

const args = process.argv.slice(2)
const at = args.indexOf('--optional')
const required = at < 0 ? args : args.slice(0, at)
const optional = at < 0 ? [] : args.slice(at + 1).filter((file) => existsSync(file))
let [passed, failed, skipped] = [0, 0, 0]
for (const file of [...required, ...optional]) {
  const report = JSON.parse(readFileSync(file, 'utf8'))
  const broken = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed')
  )
  for (const { name, message } of broken) console.log(`failed: ${name}: ${message}`)
  for (const { name, assertionResults } of report.testResults) {
    for (const test of assertionResults.filter(({ status }) => status === 'failed')) {
      console.log(`failed: ${name}: ${test.fullName}: ${test.failureMessages[0]?.slice(0, 500)}`)
    }
  }
  passed += report.numPassedTests
  failed += report.numFailedTests + broken.length
  skipped += report.numPendingTests
}
if (skipped > 0) console.log(`${skipped} skipped`)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
