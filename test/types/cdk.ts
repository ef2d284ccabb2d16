/** Compiled, never run: the properties of the construct. Inherited ones contain `any` from aws-cdk-lib. */
import type { ICapacityProvider } from 'aws-cdk-lib/aws-lambda';
import type { NodejsFunction, NodejsFunctionProps } from 'aws-cdk-lib/aws-lambda-nodejs';
import { expectTypeOf } from 'vitest';
import type { ManagedNodejsFunction, ManagedNodejsFunctionProps } from '../../src/cdk/index.ts';

type Own = Pick<
  ManagedNodejsFunctionProps,
  'entry' | 'capacityProvider' | 'bootstrap' | 'concurrency' | 'memoryPerVCpu'
>;

expectTypeOf<Own>().toEqualTypeOf<{
  readonly entry: string;
  readonly capacityProvider: ICapacityProvider;
  readonly bootstrap?: string;
  readonly concurrency?: number;
  readonly memoryPerVCpu?: number;
}>();
expectTypeOf<ManagedNodejsFunctionProps>().toExtend<NodejsFunctionProps>();
expectTypeOf<ManagedNodejsFunctionProps>().not.toHaveProperty('code');
expectTypeOf<ManagedNodejsFunction>().toExtend<NodejsFunction>();
