import { useComputed } from '@preact/signals';
import { functionTimes, placeOf } from '../../../profiling/call-tree.ts';
import { duration, percent } from '../state/format.ts';
import { isFound, search, tree } from './profile-state.ts';

/** The functions with the most self time; while there is a search, those that it finds. */
export function FunctionTable() {
  const times = useComputed(() => functionTimes(tree.value));
  const found = search.value.trim() === '' ? times.value : times.value.filter((each) => isFound(each));
  const wholeMs = tree.value.totalMs;
  const part = (ms: number) => percent(wholeMs === 0 ? 0 : ms / wholeMs);
  return (
    <div class="function-table" tabIndex={0} role="region" aria-label="Functions by self time">
      <table>
        <thead>
          <tr>
            <th scope="col">function</th>
            <th scope="col">self</th>
            <th scope="col">total</th>
            <th scope="col">file and line</th>
          </tr>
        </thead>
        <tbody>
          {found.slice(0, MOST).map((each) => (
            <tr key={`${each.name} ${each.url}:${each.line}`}>
              <th scope="row">{each.name}</th>
              <td>{`${duration(each.selfMs)} (${part(each.selfMs)})`}</td>
              <td>{`${duration(each.totalMs)} (${part(each.totalMs)})`}</td>
              <td title={each.url}>{placeOf(each)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {found.length === 0 && <p class="hint">No function has these letters.</p>}
    </div>
  );
}

const MOST = 100;
