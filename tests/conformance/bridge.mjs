// The bridge program as a fetch(), as far as the tests' client engine uses one: see bridge.c for its lines.
// SPDX-License-Identifier: MIT
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

// More than any test takes, those that pause included.
const patience = 30_000

// A Response that takes every status: the tests' server has one of 999.
class Answer {
  #body

  constructor ({ status, reason, headers, body }) {
    this.status = status
    this.statusText = reason
    this.headers = new Headers(headers)
    this.#body = Buffer.from(body, 'latin1')
  }

  async text () {
    return this.#body.toString('utf8')
  }
}

export class Bridge {
  #process
  #waiting = new Map()
  #last = 0

  constructor (program, cacheDirectory) {
    this.#process = spawn(program, [cacheDirectory], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#process.stdin.on('error', () => {})
    this.#process.on('error', error => this.#giveUp(error))
    this.#process.on('exit', (code, signal) => this.#giveUp(new Error(`the bridge has ended (${signal ?? code})`)))
    createInterface(this.#process.stdout).on('line', line => this.#settle(JSON.parse(line)))
  }

  // What the library adds to a request and takes from it is its own: fields go as they are given, and the modes of a
  // browser's fetch() mean nothing here.
  fetch = async (uri, { method = 'GET', headers = [], body = '', signal, dispatcher } = {}) => {
    const answer = await this.#ask({
      method,
      uri: String(uri),
      headers: headers.map(([name, value]) => [name, String(value)]),
      body: Buffer.from(body).toString('latin1')
    }, signal)
    dispatcher?.dispatch(answer.interim ?? [], {})
    return new Answer(answer)
  }

  // Ends the bridge, and gives whether it ended well.
  async close () {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return false
    this.#process.stdin.end()
    const [code] = await once(this.#process, 'exit')
    return code === 0
  }

  #ask (request, signal) {
    const id = ++this.#last
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no answer')), patience)
      this.#waiting.set(id, { resolve, reject, timer })
      signal?.addEventListener('abort', () => reject(signal.reason))
      this.#process.stdin.write(JSON.stringify({ id, ...request }) + '\n')
    })
  }

  #settle ({ id, error, ...answer }) {
    const { resolve, reject, timer } = this.#waiting.get(id)
    this.#waiting.delete(id)
    clearTimeout(timer)
    if (error === undefined) resolve(answer)
    else reject(new Error(error))
  }

  #giveUp (error) {
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer)
      reject(error)
    }
    this.#waiting.clear()
  }
}
