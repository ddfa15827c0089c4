/**
 * What of Preact the pages use, in place of its own types: those bring the whole DOM along, which is not there in Node.
 *
 * Also a promise: these elements with these attributes are all that a page can be made of. There is no `style`, no handler
 * of an event, and a URL stands only where a reader expects one.
 */
export type ComponentChildren = VNode | string | number | boolean | null | undefined | readonly ComponentChildren[];

/** A piece of a page. */
export interface VNode {
  readonly type: unknown;
  readonly props: unknown;
}

interface Every {
  readonly id?: string;
  readonly class?: string;
  readonly lang?: string;
  readonly dir?: 'ltr' | 'rtl';
  readonly hidden?: boolean;
  readonly 'aria-hidden'?: 'true';
  readonly 'aria-label'?: string;
  readonly 'aria-labelledby'?: string;
  readonly children?: ComponentChildren;
}

type Plain =
  'html head body title main header footer nav section div p span strong small bdi code h1 h2 h3 ul li dl dt dd label';

type Names<Text extends string> = Text extends `${infer First} ${infer Rest}` ? First | Names<Rest> : Text;

export declare namespace JSX {
  type Element = VNode;
  interface ElementChildrenAttribute {
    children: unknown;
  }
  type IntrinsicElements = Record<Names<Plain>, Every> & {
    meta: { charset?: string; name?: string; content?: string; 'http-equiv'?: 'refresh' };
    style: { dangerouslySetInnerHTML: { __html: string } };
    a: Every & { href: string; rel: string; target?: '_blank' };
    img: { src: string; alt: string };
    form: Every & { method: 'post'; action: string; autocomplete: 'off' };
    input: Every & { type: 'hidden' | 'checkbox' | 'submit'; name: string; value: string };
    button: Every & { type: 'submit'; name: string; value: string };
    time: Every & { dateTime: string };
    svg: Every & { viewBox: string };
    path: { d: string; fill?: string };
  };
}

export declare const Fragment: (props: { children?: ComponentChildren }) => VNode;
export declare function jsx(type: unknown, props: unknown, key?: string): VNode;
export declare const jsxs: typeof jsx;
export declare function renderToString(page: VNode): string;
