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
  if (unset.length === 0) return;
  const fields = unset.map(([field]) => field).join(', ');
  throw new Error(`${fields} in package.json still have the placeholder ${PLACEHOLDER}. ${REMEDY}`);
};

const REMEDY = `Set the project's repository, with its owner on GitHub, and run the check again:

    owner=…
    npm pkg set "homepage=https://github.com/$owner/lambda-managed-runtime#readme"
    npm pkg set "bugs.url=https://github.com/$owner/lambda-managed-runtime/issues"
    npm pkg set "repository.url=git+https://github.com/$owner/lambda-managed-runtime.git"
`;

interface Manifest {
  readonly homepage: string;
  readonly bugs: { readonly url: string };
  readonly repository: { readonly url: string };
}
