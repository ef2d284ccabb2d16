import type { Behaviour } from '../behaviour.ts';
import { contexts } from './context.ts';
import { environments } from './environment.ts';
import { exits } from './exits.ts';
import { inits } from './init.ts';
import { logs } from './logs.ts';
import { returns } from './returns.ts';
import { streams } from './streams.ts';
import { throws } from './throws.ts';

export const BEHAVIOURS: readonly Behaviour[] = [
  ...returns,
  ...throws,
  ...streams,
  ...logs,
  ...contexts,
  ...environments,
  ...inits,
  ...exits,
];
