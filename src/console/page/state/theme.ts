import { effect, signal } from '@preact/signals';

export type Theme = 'auto' | 'light' | 'dark';
export const THEMES: readonly Theme[] = ['auto', 'light', 'dark'];

export const theme = signal<Theme>(stored());
/** Whether the dark colours are in use. */
export const isDark = signal(false);

/** Applies the chosen theme, and follows changes of it and of the system's theme. */
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

/** Returns the current value of a colour property of the style sheet. */
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
