/** Compiled, never run: the types of `lambda-managed-runtime/worker` for what threads share. */
import type { MessagePort } from 'node:worker_threads';
import type { ProxyMarked, Remote } from 'comlink';
import { expectTypeOf } from 'vitest';
import { proxy, release, transfer, useServices, useSharedData } from '../../workers/index.ts';
import type { Service, Services, SharedData } from '../../workers/index.ts';

interface Price {
  readonly cents: number;
}

declare class Counter {
  constructor(start: number);
  readonly count: number;
  add(n: number): number;
}

/** What a module of services may export. */
interface Module {
  version: string;
  price(id: string): Price;
  load(id: string): Promise<Price>;
  watch(id: string, changed: ((price: Price) => void) & ProxyMarked): void;
  cache: { get(id: string): Price | undefined; readonly size: number };
  Counter: typeof Counter;
}

expectTypeOf(useServices<Module>).parameters.toEqualTypeOf<[]>();
const services = useServices<Module>();
expectTypeOf(services).toEqualTypeOf<Services<Module>>();
expectTypeOf<Services<Module>['price']>().toEqualTypeOf<Service<Module['price']>>();

/** Every call returns a promise of the function's result, which is not nested. */
expectTypeOf(services.price('A-1')).toEqualTypeOf<Promise<Price>>();
expectTypeOf(services.load('A-1')).toEqualTypeOf<Promise<Price>>();
expectTypeOf<Awaited<ReturnType<typeof services.cache.get>>>().toEqualTypeOf<Price | undefined>();
expectTypeOf(services.cache.get('A-1')).toExtend<Promise<Price | undefined>>();
/** Values are promises, and objects can also be awaited as a whole. */
expectTypeOf(services.version).toEqualTypeOf<Promise<string>>();
expectTypeOf(services.cache.size).toEqualTypeOf<Promise<number>>();
expectTypeOf<Awaited<typeof services.cache>>().toEqualTypeOf<Module['cache']>();
/** Instances of classes are created on the main thread. */
expectTypeOf(new services.Counter(1)).toEqualTypeOf<Promise<Remote<Counter>>>();
expectTypeOf<Remote<Counter>['count']>().toEqualTypeOf<Promise<number>>();
expectTypeOf((null as unknown as Remote<Counter>).add(1)).toEqualTypeOf<Promise<number>>();

// @ts-expect-error parameters keep their types
void services.price(1);
// @ts-expect-error there is no such export
void services.prices;
// @ts-expect-error services cannot be replaced
services.version = Promise.resolve('2');

const callback = proxy((_price: Price) => {});
expectTypeOf(callback).toEqualTypeOf<((price: Price) => void) & ProxyMarked>();
// @ts-expect-error a number can only be copied
proxy(1);

expectTypeOf(transfer<Price>).parameters.toEqualTypeOf<
  [value: Price, transferables: readonly (ArrayBuffer | MessagePort)[]]
>();
expectTypeOf(transfer<Price>).returns.toEqualTypeOf<Price>();
expectTypeOf(release).returns.toEqualTypeOf<void>();
release(services.price);
// @ts-expect-error a copied value holds nothing on the main thread
release({ cents: 1 });

/** The exports of the module with their own types: shared memory may be written. */
interface Model {
  weights: Float32Array;
  readonly labels: readonly string[];
}
expectTypeOf(useSharedData<Model>).parameters.toEqualTypeOf<[]>();
expectTypeOf(useSharedData<Model>()).toEqualTypeOf<Model>();
expectTypeOf(useSharedData<{ default: Model; version: string }>()).toEqualTypeOf<Model>();
expectTypeOf<SharedData<{ readonly default: number }>>().toEqualTypeOf<number>();
