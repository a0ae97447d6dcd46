/**
 * The `edgeloop` command.
 * @module
 */
import { runCommandLine } from './program.ts'

// The S3 SDK would say at each start that it will want a newer Node one day; the processes that this one starts inherit it.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'

process.exitCode = await runCommandLine(process.argv.slice(2))
