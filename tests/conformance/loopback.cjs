// Read by node before the tests' server: keeps it on loopback, where it would listen on every address, and has it end
// with whoever holds the other end of its standard input.
// SPDX-License-Identifier: MIT
const { Server } = require('node:net')

const listen = Server.prototype.listen
Server.prototype.listen = function (port) {
  return listen.call(this, { port: Number(port), host: '127.0.0.1' })
}
process.stdin.on('close', () => process.exit()).resume()
