import { useEffect } from 'preact/hooks';
import { Detail } from '../detail/detail.tsx';
import { InvokeForm } from '../invoke/invoke-form.tsx';
import { Lanes } from '../lanes/lanes.tsx';
import { LogStream } from '../log/log-stream.tsx';
import { Plots } from '../plots/plots.tsx';
import { onShortcut } from './shortcuts.ts';
import { TopBar } from './top-bar.tsx';

export function Page() {
  useEffect(() => {
    document.addEventListener('keydown', onShortcut);
    return () => document.removeEventListener('keydown', onShortcut);
  }, []);
  return (
    <>
      <TopBar />
      <main>
        <Lanes />
        <div class="side">
          <InvokeForm />
          <Detail />
        </div>
        <LogStream />
        <Plots />
      </main>
    </>
  );
}
