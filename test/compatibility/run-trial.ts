import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Collector } from './collector.ts';
import { FunctionProcess } from './function-process.ts';
import { LAYOUTS } from './group.ts';
import type { Case, ContenderName, Format, Layout, Reason, Trial } from './group.ts';
import { installedVersion } from './installation.ts';
import { Upstream } from './upstream.ts';

/** What came of one case. */
export interface Outcome extends Case {
  readonly result: 'works' | 'fails';
}

/** What came of a trial. Without outcomes, a package was not installed and the trial was not run. */
export interface TrialRecord {
  readonly versions: Readonly<Record<string, string | null>>;
  readonly outcomes: readonly Outcome[];
}

/** What to do with the finding of one case. */
export interface Finding {
  readonly trial: Trial;
  readonly one: Case;
  readonly error: Error | undefined;
  readonly reason: Reason | undefined;
}

/** Runs the cases of a trial, one after the other. */
export async function runTrial(
  trial: Trial,
  root: string,
  contenders: readonly ContenderName[],
  report: (finding: Finding) => void,
  keep?: string,
): Promise<TrialRecord> {
  const versions = Object.fromEntries(
    trial.packages.map((name) => [name, installedVersion(root, name) ?? null]),
  );
  const outcomes: Outcome[] = [];
  if (Object.values(versions).includes(null)) return { versions, outcomes };
  for (const { one, layout } of casesOf(trial, contenders)) {
    const error = await runCase(trial, one, layout, root, keep);
    const reason = reasonOf(trial, one);
    report({ trial, one, error, reason });
    outcomes.push({ ...one, result: error === undefined && reason?.isRace !== true ? 'works' : 'fails' });
  }
  return { versions, outcomes };
}

/** Whether a finding is as recorded: it works, or fails for a known reason. If the reason is a race, both are. */
export function isExpected({ error, reason }: Pick<Finding, 'error' | 'reason'>): boolean {
  return reason?.isRace === true || (error === undefined) === (reason === undefined);
}

export function reasonOf({ reasons = [] }: Trial, one: Case): Reason | undefined {
  return reasons.find(
    (reason) =>
      (reason.contender ?? one.contender) === one.contender &&
      (reason.layout ?? one.layout) === one.layout &&
      (reason.format ?? one.format) === one.format,
  );
}

export function titleOf({ contender, layout, format }: Case): string {
  return `${contender === 'ours' ? 'this runtime' : 'AWS’s client'}, ${layout}, ${format}`;
}

function casesOf(
  { handlers, layouts = LAYOUTS, beside = false }: Trial,
  contenders: readonly ContenderName[],
): { readonly one: Case; readonly layout: Layout }[] {
  const formats = Object.keys(handlers) as Format[];
  return contenders
    .filter((contender) => contender === 'ours' || beside)
    .flatMap((contender) =>
      formats.flatMap((format) =>
        layouts.map((layout) => ({ one: { contender, layout: layout.name, format }, layout })),
      ),
    );
}

async function runCase(
  trial: Trial,
  one: Case,
  layout: Layout,
  root: string,
  keep: string | undefined,
): Promise<Error | undefined> {
  await using collector = await Collector.start();
  await using upstream = await Upstream.start();
  const services = { collector, upstream, root };
  await trial.prepare?.(services);
  const isKnownFailure = reasonOf(trial, one) !== undefined;
  await using running = await FunctionProcess.start(trial, one, layout, services, isKnownFailure);
  try {
    await trial.prove(running, services);
    return undefined;
  } catch (error) {
    return error as Error;
  } finally {
    if (keep !== undefined) keepOutput(keep, `${trial.name}, ${titleOf(one)}`, running, collector);
  }
}

/** Writes what the process has written, and what the collector has received, into files of a folder. */
function keepOutput(folder: string, title: string, running: FunctionProcess, collector: Collector): void {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, title.replaceAll(/[^\w×’]+/g, '-'));
  writeFileSync(`${file}.stdout`, running.stdout);
  writeFileSync(`${file}.stderr`, running.stderr);
  const received = collector.received.map(
    ({ method, path, body }) => `${method} ${path}\n${body.toString()}\n`,
  );
  writeFileSync(`${file}.received`, received.join('\n'));
}
