import type {
  BurstRequest,
  BurstStarted,
  InvocationDetail,
  ProfileRequest,
  ProfileResult,
} from '../../messages.ts';

export const CONSOLE = '/_lambda/console';

/** Requests invocations. Rejects with the server's error message. */
export async function invoke(request: BurstRequest): Promise<BurstStarted> {
  return read<BurstStarted>(await fetch(INVOCATIONS, { method: 'POST', body: JSON.stringify(request) }));
}

/** Cancels the invocations that have not been sent yet. */
export async function stopInvoking(): Promise<void> {
  await fetch(INVOCATIONS, { method: 'DELETE' });
}

export async function detailOf(requestId: string): Promise<InvocationDetail> {
  return read<InvocationDetail>(await fetch(`${INVOCATIONS}/${encodeURIComponent(requestId)}`));
}

/** Profiles all threads. Resolves when the time is over. */
export async function takeProfile(request: ProfileRequest): Promise<ProfileResult> {
  const body = JSON.stringify(request);
  return read<ProfileResult>(await fetch(`${CONSOLE}/profiles`, { method: 'POST', body }));
}

export function heapSnapshotUrl(thread: number): string {
  return `${CONSOLE}/heap-snapshots/${thread}`;
}

const INVOCATIONS = `${CONSOLE}/invocations`;

async function read<Body>(response: Response): Promise<Body> {
  const body = (await response.json()) as Body & { readonly message?: string };
  if (!response.ok) throw new Error(body.message ?? `HTTP ${response.status}`);
  return body;
}
