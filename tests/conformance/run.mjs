// Runs the public HTTP cache tests (http-tests/cache-tests) through the library: node run.mjs SUITE BRIDGE
//
// SUITE is a directory with the published package http-cache-tests, or a checkout of its repository; BRIDGE the program
// of bridge.c. In the environment, TEST=id runs that test and those it depends on, and shows its messages.
//
// Run are the tests that are for a private cache in a client: none that the suite itself keeps for browsers
// (browser_only) or for CDNs (cdn_only), and none that exceptions.json leaves out. Ends with status 0 if all that are
// required and all that are optimal have passed, but for those that exceptions.json says are not to be chased, or, of the
// published package, have been corrected in the repository.
//
// SPDX-License-Identifier: MIT
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Bridge } from './bridge.mjs'
import { Suite } from './suite.mjs'
import { judge, report } from './verdicts.mjs'

const exceptions = JSON.parse(readFileSync(new URL('exceptions.json', import.meta.url)))
const leftOut = exceptions['left out']

function tolerated (suite) {
  return { ...exceptions['not to be chased'], ...(suite.published && exceptions['corrected since it was published']) }
}

// A test and those that it depends on.
function closure (tests, id) {
  const test = tests.find(test => test.id === id)
  if (!test) throw new Error(`there is no test ${id}, or it is left out`)
  return [...new Set([...(test.depends_on ?? []).flatMap(id => closure(tests, id)), test])]
}

function select (all, wanted) {
  const tests = all.filter(test => !test.browser_only && !test.cdn_only && !(test.id in leftOut))
  if (!wanted) return tests
  const few = closure(tests, wanted)
  few.at(-1).dump = true
  return few
}

async function main ([directory, program], wanted) {
  const scratch = mkdtempSync(join(tmpdir(), 'conformance-'))
  process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))
  const suite = new Suite(directory)
  const bridge = new Bridge(program, join(scratch, 'cache'))
  try {
    const all = await suite.tests()
    const tests = select(all, wanted)
    const uri = await suite.serve(join(scratch, 'pid'))
    const judged = judge(tests, await suite.run(tests, bridge.fetch, uri))
    if (!wanted) {
      for (const { id } of all.filter(test => test.id in leftOut)) console.log(`left out: ${id}: ${leftOut[id]}`)
    }
    const good = report(judged, tolerated(suite))
    if (await bridge.close()) return good
    console.log('the bridge ended badly')
    return false
  } finally {
    await bridge.close()
    suite.stop()
  }
}

// The bridge and the server end when their input does.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
process.exitCode = await main(process.argv.slice(2), process.env.TEST) ? 0 : 1
