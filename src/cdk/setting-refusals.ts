import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { RuntimeFamily } from 'aws-cdk-lib/aws-lambda';
import type { Runtime } from 'aws-cdk-lib/aws-lambda';
import { OWN_NAME } from '../deployment/runtime-files.ts';
import type { ManagedNodejsFunctionProps } from './managed-nodejs-function-props.ts';

/** Describes settings with which the function would not start. */
export function settingRefusals(props: ManagedNodejsFunctionProps, runtime: Runtime): string[] {
  const { environment = {}, bundling = {} } = props;
  const refusals: string[] = [];
  const [, major] = /^nodejs(\d+)/.exec(runtime.name) ?? [];
  if (runtime.family !== RuntimeFamily.NODEJS || (major !== undefined && Number(major) < 22))
    refusals.push(`runtime is ${runtime.name}, but the runtime needs nodejs22.x or newer`);
  if ('AWS_LAMBDA_EXEC_WRAPPER' in environment)
    refusals.push(
      'environment must not set AWS_LAMBDA_EXEC_WRAPPER, which starts the runtime; LMR_NEXT_WRAPPER takes a further wrapper',
    );
  if (bundling.nodeModules?.includes(OWN_NAME) === true)
    refusals.push(
      `bundling.nodeModules must not contain ${OWN_NAME}, which is copied from the installed package`,
    );
  return [...refusals, ...bootstrapRefusals(props)];
}

function bootstrapRefusals({ bootstrap, entry, environment = {} }: ManagedNodejsFunctionProps): string[] {
  if (bootstrap === undefined) return [];
  const refusals: string[] = [];
  const file = resolve(bootstrap);
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true)
    refusals.push(`bootstrap is ${bootstrap}, but there is no file ${file}`);
  else if (file === resolve(entry))
    refusals.push(
      `bootstrap and entry are the same file, ${bootstrap}: entry is the file of the handler, which the bootstrap names`,
    );
  if ('LMR_BOOTSTRAP' in environment)
    refusals.push(
      'environment must not set LMR_BOOTSTRAP together with bootstrap, whose bundle it would replace',
    );
  return refusals;
}
