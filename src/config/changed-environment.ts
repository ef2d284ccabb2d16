/**
 * Changes variables of an environment; undefined removes one. {@link asGiven} does not show it.
 *
 * @returns what undoes it.
 */
export function changeEnvironment(env: NodeJS.ProcessEnv, variables: Variables): () => void {
  const own = Object.entries(variables).map(([name, to]) => ({ name, from: env[name], to }));
  changes.set(env, [...changesOf(env), ...own]);
  for (const { name, to } of own) set(env, name, to);
  return () => {
    changes.set(
      env,
      changesOf(env).filter((change) => !own.includes(change)),
    );
    // What others have set meanwhile, stays.
    for (const { name, from, to } of own) if (env[name] === to) set(env, name, from);
  };
}

/** The environment without what the runtime has changed in it: another runtime in the process reads what was given. */
export function asGiven(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const given = { ...env };
  for (const { name, from, to } of changesOf(env).toReversed()) {
    if (given[name] === to) set(given, name, from);
  }
  return given;
}

type Variables = Readonly<Record<string, string | undefined>>;

interface Change {
  readonly name: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

const changes = new WeakMap<NodeJS.ProcessEnv, readonly Change[]>();

function changesOf(env: NodeJS.ProcessEnv): readonly Change[] {
  return changes.get(env) ?? [];
}

function set(env: NodeJS.ProcessEnv, name: string, value: string | undefined): void {
  if (value === undefined) delete env[name];
  else env[name] = value;
}
