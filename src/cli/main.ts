#!/usr/bin/env node
// These imports must load on every version of Node.js, so that an unsupported version gets a clear error.
import { unsupportedNode } from '../node-support.ts';
import { postInitErrorSync } from '../runtime-api/init-error-sync.ts';

const unsupported = unsupportedNode();
if (unsupported !== undefined) {
  process.stderr.write(`lambda-managed-runtime: ${unsupported}\n`);
  postInitErrorSync(process.env['AWS_LAMBDA_RUNTIME_API'], 'Runtime.UnsupportedNode', unsupported);
  process.exit(1);
}
await import('./program.ts');
