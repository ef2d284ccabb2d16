import { effect, signal } from '@preact/signals';

export type Theme = 'auto' | 'light' | 'dark';
export const THEMES: readonly Theme[] = ['auto', 'light', 'dark'];

export const theme = signal<Theme>(stored());
/** Changes when colours do. */
export const isDark = signal(false);

/** Keeps the page in the chosen colours. */
export function applyTheme(): void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const look = () => {
    isDark.value = theme.value === 'auto' ? system.matches : theme.value === 'dark';
  };
  system.addEventListener('change', look);
  effect(() => {
    document.documentElement.style.colorScheme = theme.value === 'auto' ? 'light dark' : theme.value;
    localStorage.setItem(KEY, theme.value);
    look();
  });
}

/** The colour that a property of the style sheet stands for at the moment. */
export function colourOf(property: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${property})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

const KEY = 'lambda-console-theme';

function stored(): Theme {
  const value = localStorage.getItem(KEY);
  return THEMES.find((each) => each === value) ?? 'auto';
}
