import type { ComponentChildren, VNode } from 'preact';

/** The pictures on the pages. They repeat what the words say, so screen readers skip them. */
export const icons = {
  app: (
    <path d="M3 9h18M6.5 6.6h.01M9 6.6h.01M6 4h12a3 3 0 0 1 3 3v10a3 3 0 0 1-3 3H6a3 3 0 0 1-3-3V7a3 3 0 0 1 3-3z" />
  ),
  server: (
    <path d="M5 4h14a2 2 0 0 1 2 2v3a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2zm0 9h14a2 2 0 0 1 2 2v3a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-3a2 2 0 0 1 2-2zM7 7.5h.01M7 16.5h.01M11 7.5h6M11 16.5h6" />
  ),
  link: <path d="M4 12h16m-4.5-4.5L20 12l-4.5 4.5M8.5 7.5 4 12l4.5 4.5" />,
  globe: <path d="M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM3 12h18M12 3c5 5 5 13 0 18M12 3c-5 5-5 13 0 18" />,
  computer: <path d="M5 4h14a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2zm3 16h8m-4-4v4" />,
  check: <path d="m5 12.5 4.5 4.5L19 7.5" />,
  plus: <path d="M12 5.5v13M5.5 12h13" />,
  person: (
    <path d="M12 4.5a3.75 3.75 0 1 0 0 7.5 3.75 3.75 0 0 0 0-7.5zM4.5 20c.8-3.6 3.8-5.5 7.5-5.5s6.7 1.9 7.5 5.5" />
  ),
  clock: <path d="M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm0 4.5V12l3 2" />,
  warning: <path d="M12 4 2.8 19.5h18.4zM12 10v4.5M12 17h.01" />,
  info: <path d="M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm0 8v5m0-8h.01" />,
  stop: <path d="M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM5.8 5.8l12.4 12.4" />,
} as const;

/** One of the pictures. */
export type IconName = keyof typeof icons;

/** Draws a picture. */
export function Icon({ name }: { name: IconName }): VNode {
  return <Drawing box="0 0 24 24">{icons[name]}</Drawing>;
}

/** An inline picture that is there for the eye only. */
export function Drawing({ box, mark, children }: { box: string; mark?: boolean; children: ComponentChildren }): VNode {
  return mark ? (
    <svg aria-hidden="true" class="brand-mark" viewBox={box}>
      {children}
    </svg>
  ) : (
    <svg aria-hidden="true" viewBox={box}>
      {children}
    </svg>
  );
}
