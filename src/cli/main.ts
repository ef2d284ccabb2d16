#!/usr/bin/env node
import { Command } from 'commander';
import { serveHandler } from './serve.ts';

await new Command('lambda-managed-runtime')
  .description('Serves a Lambda handler on AWS Lambda Managed Instances, in place of AWS’s runtime client.')
  .argument(
    '[handler]',
    'file.export, relative to LAMBDA_TASK_ROOT; default: the environment variable _HANDLER',
  )
  .option('--no-log-invocations', 'write no line at the end of each invocation')
  .action(serveHandler)
  .parseAsync();
