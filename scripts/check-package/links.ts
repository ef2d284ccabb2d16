import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../root.ts';
import type { Check } from './check.ts';

/** Stands for the owner of the repository until the maintainers have set it. */
const PLACEHOLDER = 'OWNER';

/** Refuses to publish a package whose links are placeholders. npm's provenance needs the real repository as well. */
export const links: Check = () => {
  const { homepage, bugs, repository } = JSON.parse(
    readFileSync(join(ROOT, 'package.json'), 'utf8'),
  ) as Manifest;
  const urls = { homepage, 'bugs.url': bugs.url, 'repository.url': repository.url };
  const unset = Object.entries(urls).filter(([, url]) => url.split('/').includes(PLACEHOLDER));
  assert.deepEqual(
    unset.map(([field]) => field),
    [],
    `These fields of package.json have the placeholder ${PLACEHOLDER}: set them to the project's repository.`,
  );
};

interface Manifest {
  readonly homepage: string;
  readonly bugs: { readonly url: string };
  readonly repository: { readonly url: string };
}
