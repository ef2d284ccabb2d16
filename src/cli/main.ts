#!/usr/bin/env node
import { Command } from 'commander';
import { serveHandler } from './serve.ts';

await new Command('lambda-managed-runtime')
  .description('Serves a Lambda handler on AWS Lambda Managed Instances, in place of AWS’s runtime client.')
  .argument(
    '[handler]',
    'file.export, relative to LAMBDA_TASK_ROOT; default: the environment variable _HANDLER',
  )
  .action(serveHandler)
  .parseAsync();
