// Stands in for the package undici, of which the tests' client engine uses one thing: an agent whose interceptor gets to
// see the interim responses. Here they come with the bridge's answer, as [[status, {name: value}], ...].
// SPDX-License-Identifier: MIT
function dispatch (interim, handler) {
  for (const [status, headers] of interim) handler.onResponseStart(null, status, headers)
}

export class Agent {
  compose (interceptor) {
    return { dispatch: interceptor(dispatch) }
  }
}
