// The tests, their client engine and their server, in the layout of the published package or in that of the repository
// http-tests/cache-tests.
// SPDX-License-Identifier: MIT
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { register } from 'node:module'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

export class Suite {
  #engine
  #server

  constructor (directory) {
    this.directory = resolve(directory)
    this.published = !existsSync(join(this.directory, 'test-engine'))
    this.#engine = this.published ? this.directory : join(this.directory, 'test-engine')
  }

  // All tests: [{ id, kind, depends_on, requests, ... }, ...]
  async tests () {
    const { default: groups } = await import(pathToFileURL(join(this.directory, 'tests', 'index.mjs')))
    return groups.flatMap(group => group.tests).map(test => ({ kind: 'required', ...test }))
  }

  // Starts the server on a free port of loopback, and gives its URI.
  async serve (pidfile) {
    this.#server = spawn(
      process.execPath,
      ['--require', new URL('loopback.cjs', import.meta.url).pathname, join(this.#engine, 'server', 'server.mjs')],
      {
        stdio: ['pipe', 'pipe', 'inherit'],
        env: { ...process.env, npm_config_protocol: 'http', npm_config_port: '0', npm_config_pidfile: pidfile }
      })
    return new Promise((resolve, reject) => {
      this.#server.on('error', reject)
      this.#server.on('exit', () => reject(new Error('the server has ended')))
      createInterface(this.#server.stdout).on('line', line => {
        const uri = /^Listening on (\S+)\/$/.exec(line)
        if (uri) resolve(uri[1])
        else console.log(line)
      })
    })
  }

  stop () {
    this.#server?.stdin.end()
  }

  // Runs tests, as many at once as the engine does, and gives { id: true or [kind of failure, message], ... }.
  async run (tests, fetch, uri) {
    register('./resolve.mjs', import.meta.url)
    const { runTests, getResults } = await import(pathToFileURL(join(this.#engine, 'client', 'runner.mjs')))
    const groups = [{ tests }]
    if (this.published) {
      await runTests(groups, fetch, false, uri)
    } else {
      globalThis.fetch = fetch
      await runTests(groups, false, uri)
    }
    return getResults()
  }
}
