/**
 * The `edgeloop` command.
 * @module
 */
import { runCommandLine } from './program.ts'

// The S3 SDK would say at each start that it will want a newer Node one day; the processes that this one starts inherit it.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'

// Nobody reads any more (`edgeloop label --list | head`): no reason to complain, and nowhere to.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })

process.exitCode = await runCommandLine(process.argv.slice(2))
