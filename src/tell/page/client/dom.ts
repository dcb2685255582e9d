// Elements and texts. The only way a text of the data gets onto the page: as text, with what is invisible in it made visible.
import { safeLine, safeText } from '../../safe.ts';

type Child = Node | string | undefined | false;

/** Attributes that our own program sets; none of them takes a text of the data but `title` and `aria-label`, which are texts. */
type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** An element with a class or more (`p.dim`), attributes and children. Strings are ours or the data's: they are texts. */
export function el<K extends keyof HTMLElementTagNameMap>(
  name: K,
  classes = '',
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  if (classes !== '') element.className = classes;
  for (const [key, value] of Object.entries(attributes))
    if (value !== undefined && value !== false)
      element.setAttribute(key, value === true ? '' : String(value));
  put(element, ...children);
  return element;
}

export function put(parent: Element, ...children: readonly Child[]): void {
  for (const child of children)
    if (child !== undefined && child !== false)
      parent.append(typeof child === 'string' ? document.createTextNode(safeText(child)) : child);
}

/** Data in one line. */
export function line(text: string): string {
  return safeLine(text);
}

export function link(href: string | undefined, text: string, classes = ''): HTMLElement {
  if (href === undefined) return el('span', classes, {}, text);
  if (href.startsWith('#')) return el('a', classes, { href }, text);
  return el('a', classes, { href, rel: 'noopener noreferrer', target: '_blank' }, text);
}

/** A command and a button that copies it, exactly as it is. */
export function command(text: string): HTMLElement {
  const code = el('code');
  code.textContent = text;
  const button = el('button', 'copy', { type: 'button', 'aria-label': 'Copy the command' }, 'Copy');
  button.addEventListener('click', () => {
    copy(text, code).then((done) => {
      button.textContent = done ? 'Copied' : 'Selected';
      setTimeout(() => {
        button.textContent = 'Copy';
      }, 1500);
    });
  });
  return el('div', 'command', {}, code, button);
}

/** A page that is opened from a disk may not write to the clipboard: then the text is selected. */
async function copy(text: string, shown: Element): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const range = document.createRange();
    range.selectNodeContents(shown);
    const selection = getSelection();
    selection?.removeAllRanges();
    selection?.addRange(range);
    return false;
  }
}

/** A long list, some of it at once. */
export function paged<T>(
  parent: Element,
  items: readonly T[],
  first: number,
  make: (item: T) => HTMLElement,
  what: string,
): HTMLElement {
  let shown = 0;
  const button = el('button', 'more', { type: 'button' });
  const add = (n: number) => {
    put(parent, ...items.slice(shown, shown + n).map(make));
    shown = Math.min(items.length, shown + n);
    const rest = items.length - shown;
    button.textContent = `Show ${Math.min(rest, 200)} more of ${rest} ${what}`;
    button.hidden = rest === 0;
  };
  button.addEventListener('click', () => add(200));
  add(first);
  return button;
}

const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const dayOfYear = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
const minute = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });

export const onDay = (at: number): string => day.format(at);
export const onDate = (at: number): string => dayOfYear.format(at);
export const atTime = (at: number): string => `${dayOfYear.format(at)}, ${minute.format(at)}`;

/** How long before another time: `3 hours`, `2 days`. */
export function ago(at: number, now: number): string {
  const minutes = Math.round((now - at) / 60_000);
  if (minutes < 1) return 'just now';
  const [n, unit] =
    minutes < 60
      ? [minutes, 'minute']
      : minutes < 48 * 60
        ? [Math.round(minutes / 60), 'hour']
        : minutes < 60 * 24 * 60
          ? [Math.round(minutes / 1440), 'day']
          : [Math.round(minutes / 43_200), 'month'];
  return `${n} ${unit}${n === 1 ? '' : 's'} ago`;
}
