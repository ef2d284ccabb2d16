import { hashSync, verifySync } from '@node-rs/argon2';

/**
 * Whether the password is correct. For an unknown user the check takes equally long, so that the time does not reveal
 * which users exist.
 */
export function verifyPassword(user: string, password: string): boolean {
  const stored = HASHES.get(user);
  const matches = verifySync(stored ?? NOBODY, password);
  return stored !== undefined && matches;
}

/** Replaces a database. Passwords are hashed with argon2id (19 MiB, two passes). Ada's password is in event.json. */
const HASHES: ReadonlyMap<string, string> = new Map([
  [
    'ada',
    '$argon2id$v=19$m=19456,t=2,p=1$+nqDgWUS+BZVu8PKhHD5Sg$yroziNgBzgjzmiJPbpJJoOEjvtUoy8ZmOK9X4AoFets',
  ],
]);

const NOBODY = hashSync('nobody');
