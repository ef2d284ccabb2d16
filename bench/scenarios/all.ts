import { noop8Cpu } from './noop-8-cpu.ts';
import { noop8Rate } from './noop-8-rate.ts';
import { noop64Cpu } from './noop-64-cpu.ts';
import { noop256Cpu } from './noop-256-cpu.ts';
import { cpu2 } from './cpu-2.ts';
import { cpu5 } from './cpu-5.ts';
import { cpu20 } from './cpu-20.ts';
import { mix } from './mix.ts';
import { wait32 } from './wait-32-on-32.ts';
import { wait256 } from './wait-256-on-4.ts';
import { echo64 } from './echo-64kb.ts';
import { echo1 } from './echo-1mb.ts';
import { echo6 } from './echo-6mb.ts';
import { stream50 } from './stream-50mb.ts';
import { start8 } from './start-8.ts';
import { start64 } from './start-64.ts';
import { memory8 } from './memory-8.ts';
import { memory32 } from './memory-32.ts';
import { pbkdf2 } from './pbkdf2.ts';
import { fileAccess } from './fs.ts';
import type { Scenario } from './scenario.ts';

/** All scenarios, in the order in which they run and are reported. */
export const SCENARIOS: readonly Scenario[] = [
  noop8Cpu,
  noop8Rate,
  noop64Cpu,
  noop256Cpu,
  cpu2,
  cpu5,
  cpu20,
  mix,
  wait32,
  wait256,
  echo64,
  echo1,
  echo6,
  stream50,
  start8,
  start64,
  memory8,
  memory32,
  pbkdf2,
  fileAccess,
];
