import type { Group } from './group.ts';
import { agents } from './trials/agents.ts';
import { datadog } from './trials/datadog.ts';
import { frameworks } from './trials/frameworks.ts';
import { invokeStore } from './trials/invoke-store.ts';
import { loaders } from './trials/loaders.ts';
import { lumigo } from './trials/lumigo.ts';
import { middy } from './trials/middy.ts';
import { natives } from './trials/natives.ts';
import { newrelic } from './trials/newrelic.ts';
import { opentelemetry } from './trials/opentelemetry.ts';
import { packageManagers } from './trials/package-managers.ts';
import { powertools } from './trials/powertools.ts';
import { sentry } from './trials/sentry.ts';
import { xray } from './trials/xray.ts';

export const GROUPS: readonly Group[] = [
  opentelemetry,
  datadog,
  sentry,
  newrelic,
  lumigo,
  agents,
  xray,
  powertools,
  middy,
  invokeStore,
  frameworks,
  natives,
  loaders,
  packageManagers,
];
