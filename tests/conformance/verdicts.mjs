// What came of the tests, and whether that is what must be.
// SPDX-License-Identifier: MIT
const kinds = { required: 'required', optimal: 'optimal', check: 'checks' }

// Adds to each test its verdict: "passed", "failed", or "skipped" if it depends on one that has not passed; and why.
export function judge (tests, results) {
  const found = new Map(tests.map(test => [test.id, test]))
  const verdict = test => {
    const lacking = (test.depends_on ?? []).find(id => !found.has(id) || verdict(found.get(id)).verdict !== 'passed')
    if (lacking) return { verdict: 'skipped', why: `depends on ${lacking}` }
    const result = results[test.id] ?? ['Error', 'was not run']
    return result === true ? { verdict: 'passed', why: '' } : { verdict: 'failed', why: result.join(': ') }
  }
  return tests.map(test => ({ ...test, ...verdict(test) }))
}

// Prints a line for each test that has not passed, with the reason if it is tolerated, and a table. The last line is "N
// passed, N failed": of the tests that must pass, the required and the optimal ones but for those tolerated. What is
// skipped has not passed. Returns whether they all have.
export function report (judged, tolerated) {
  const counts = (kind, verdict) => judged.filter(test => test.kind === kind && test.verdict === verdict).length
  const row = cells => console.log(cells.map((cell, i) => i ? String(cell).padStart(8) : cell.padEnd(10)).join(''))

  const lacking = judged.filter(test => test.verdict !== 'passed')
  for (const kind of Object.keys(kinds)) {
    for (const { id, verdict, why } of lacking.filter(test => test.kind === kind)) {
      console.log(`${verdict}: ${kind} ${id}: ${why}${id in tolerated ? ` (${tolerated[id]})` : ''}`)
    }
  }
  console.log()
  row(['', 'passed', 'failed', 'skipped'])
  for (const [kind, name] of Object.entries(kinds)) {
    row([name, counts(kind, 'passed'), counts(kind, 'failed'), counts(kind, 'skipped')])
  }

  const demanded = judged.filter(test => test.kind !== 'check' && !(test.id in tolerated))
  const passed = demanded.filter(test => test.verdict === 'passed').length
  console.log(`\n${passed} passed, ${demanded.length - passed} failed`)
  return judged.length > 0 && passed === demanded.length
}
