import { awsLambdaRic } from '../../bench/contenders/aws-lambda-ric.ts';
import { findBuiltPackage } from '../../bench/built-package.ts';

/** A program that serves a handler. */
export interface Contender {
  readonly name: 'ours' | 'theirs';
  readonly title: string;
  readonly command: readonly string[];
}

/** This package as it was built; or another build's command. */
export function ours(given: string | undefined): Contender {
  const { entry, version } = findBuiltPackage(given);
  return { name: 'ours', title: `lambda-managed-runtime ${version}`, command: [entry] };
}

/**
 * AWS's client, from where the benchmark has installed it.
 *
 * @throws Error that says how to install it, when it is not there.
 */
export function theirs(): Contender {
  const client = awsLambdaRic();
  if ('reason' in client) throw new Error(`aws-lambda-ric cannot take part, since ${client.reason}.`);
  const [, ...command] = client.command({ handler: '', slots: 1, threads: 1, threadpool: undefined });
  return { name: 'theirs', title: `aws-lambda-ric ${client.version}`, command };
}
