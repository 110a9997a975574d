// Has an import of undici find our own, whatever is installed.
// SPDX-License-Identifier: MIT
export function resolve (specifier, context, next) {
  if (specifier !== 'undici') return next(specifier, context)
  return { url: new URL('undici.mjs', import.meta.url).href, shortCircuit: true }
}
