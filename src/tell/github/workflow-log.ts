// Escapes every line that the Action prints, so that no data can give commands to the runner (`::command::` at a line's start,
// `##[command]` anywhere in a line) or to a terminal. Pure: text in, text out.
import { safeText, withoutCommands } from '../safe.ts';

/** Where .NET's line reader or a terminal begins a new line. */
const lineBreaks = /\r\n|[\n\r\u000b\u000c\u0085\u2028\u2029]/;

/** Data for the log: lines that the runner does not take for commands, with a line feed at the end. */
export function logLines(text: string): string {
  return `${withoutCommands(safeText(text.split(lineBreaks).join('\n')))}\n`;
}

export interface CommandProperties {
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly endLine?: number | undefined;
  readonly title?: string | undefined;
}

/** A command to the runner, on one line, escaped as the runner unescapes it. */
export function workflowCommand(
  name: 'error' | 'warning' | 'notice' | 'add-mask' | 'group' | 'endgroup',
  message: string,
  properties: CommandProperties = {},
): string {
  const words = Object.entries(properties)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([key, value]) => `${key}=${escapeProperty(quiet(String(value)))}`);
  // A mask must be exactly what it masks.
  const body = name === 'add-mask' ? message : quiet(message);
  return `::${name}${words.length === 0 ? '' : ` ${words.join(',')}`}::${escapeData(body)}\n`;
}

/** The runner prints a command's message as lines of its own. */
function quiet(text: string): string {
  return logLines(text).slice(0, -1);
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

/** The password of a connection URL, as written and decoded, to be masked. GitHub itself masks only the whole URL. */
export function secretsOf(databaseUrl: string | undefined): string[] {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)@/i.exec(databaseUrl ?? '')?.[1] ?? '';
  const colon = authority.indexOf(':');
  const inQuery = /[?&]password=([^&#]*)/i.exec(databaseUrl ?? '')?.[1];
  // A bare / ? or # in a password ends the authority early; what stands before the last @ is masked all the same.
  const bare = /^[a-z][a-z0-9+.-]*:\/\/[^:@/?#]*:(.*)@/is.exec(databaseUrl ?? '')?.[1];
  const raw = [colon < 0 ? undefined : authority.slice(colon + 1), bare, inQuery].filter(
    (part) => part !== undefined,
  );
  const all = raw.flatMap((part) => [part, decoded(part), encodeURIComponent(decoded(part))]);
  // Masking one or two characters would make the log unreadable and protect nothing.
  return [...new Set(all)].filter((secret) => secret.length >= 3);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
