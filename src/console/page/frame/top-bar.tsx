import { ProfileDialog } from '../profile/profile-dialog.tsx';
import { connection } from '../state/connection.ts';
import { about, inFlight, refused } from '../state/store.ts';
import { theme, THEMES } from '../state/theme.ts';
import { Keys } from './keys.tsx';

const STATES = { connecting: 'connecting', live: 'live', lost: 'connection lost, retrying' } as const;

export function TopBar() {
  const { functionName = '', concurrency, timeoutMs } = about.value ?? {};
  return (
    <header class="top-bar">
      <h1>
        {functionName} <span>local console</span>
      </h1>
      <p class={`connection ${connection.value}`} role="status">
        {STATES[connection.value]}
      </p>
      {about.value !== undefined && (
        <dl class="facts">
          <Fact name="slots" value={String(concurrency)} />
          <Fact name="timeout" value={`${(timeoutMs ?? 0) / 1000} s`} />
          <Fact name="in flight" value={String(inFlight.value)} />
          {refused.value > 0 && <Fact name="refused (429)" value={String(refused.value)} />}
        </dl>
      )}
      <span class="stretch" />
      <ProfileDialog />
      <Keys />
      <label class="inline">
        Colours
        <select
          value={theme.value}
          onChange={({ currentTarget }) =>
            (theme.value = THEMES.find((each) => each === currentTarget.value) ?? 'auto')
          }
        >
          {THEMES.map((each) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </select>
      </label>
    </header>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
