'use strict';
// Each thread of a function without this package in node_modules loads this module first. The function's modules then find
// the package in the layer: ES modules do not look there, and CommonJS modules only where NODE_PATH names it.
const { registerHooks } = require('node:module');
const { pathToFileURL } = require('node:url');

const NAME = 'lambda-managed-runtime';
const here = pathToFileURL(__filename).href;

registerHooks({
  resolve(specifier, context, nextResolve) {
    const isOwn = specifier === NAME || specifier.startsWith(`${NAME}/`);
    // From here, the package's name leads to the package itself.
    if (!isOwn || context.parentURL === here) return nextResolve(specifier, context);
    return { url: pathToFileURL(require.resolve(specifier)).href, shortCircuit: true };
  },
});
