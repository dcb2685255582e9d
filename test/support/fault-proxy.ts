// A TCP proxy in front of a database that breaks connections at a chosen byte: resets, ends or freezes them.
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net';

export interface Fault {
  /** Counts bytes from the client (`up`) or from the server (`down`). */
  readonly direction: 'up' | 'down';
  readonly afterBytes: number;
  /** `reset`: RST to both. `end`: FIN to both. `freeze`: nothing moves any more, as behind a dead router. */
  readonly how: 'reset' | 'end' | 'freeze';
}

/** What a server or pooler answers instead of taking a connection. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly severity?: string;
}

export interface FaultProxy {
  /** The database URL through the proxy. */
  url(databaseUrl: string): string;
  /** The faults of the next connections, first to last; connections after them are left alone. */
  plan(faults: readonly Fault[]): void;
  /** Freezes the connections that are open now. */
  freeze(): void;
  /** The next connections are refused so. */
  refuse(refusals: readonly Refusal[]): void;
  /** Bytes of the connections so far, in the order they were opened. */
  readonly traffic: readonly { up: number; down: number /** By performance.now(). */; frozenAt?: number }[];
  close(): Promise<void>;
}

/** @param listenOn a port; without it any free one */
export async function startFaultProxy(
  target: { readonly host: string; readonly port: number },
  listenOn = 0,
): Promise<FaultProxy> {
  let faults: Fault[] = [];
  const traffic: { up: number; down: number; frozenAt?: number }[] = [];
  const sockets = new Set<Socket>();
  let refusals: Refusal[] = [];
  const freezers = new Set<() => void>();
  const server = createServer((client) => {
    const refusal = refusals.shift();
    if (refusal !== undefined) {
      client.on('error', () => {});
      client.once('data', () => client.end(errorResponse(refusal)));
      return;
    }
    const upstream = connectTcp(target.port, target.host);
    const fault = faults.shift();
    const count: (typeof traffic)[number] = { up: 0, down: 0 };
    traffic.push(count);
    let frozen = false;
    const stop = (how: Fault['how']): void => {
      if (how === 'freeze') {
        frozen = true;
        count.frozenAt = performance.now();
        client.pause();
        upstream.pause();
        return;
      }
      for (const socket of [client, upstream]) {
        if (how === 'reset') socket.resetAndDestroy();
        else socket.destroy();
      }
    };
    const freeze = () => stop('freeze');
    freezers.add(freeze);
    client.on('close', () => freezers.delete(freeze));
    const forward = (from: Socket, to: Socket, direction: Fault['direction']): void => {
      sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => {
        sockets.delete(from);
        if (!frozen) to.destroy();
      });
      from.on('data', (chunk) => {
        if (frozen) return;
        const room =
          fault?.direction === direction ? fault.afterBytes - count[direction] : Number.POSITIVE_INFINITY;
        count[direction] += chunk.length;
        if (chunk.length < room) {
          if (!to.write(chunk)) {
            from.pause();
            to.once('drain', () => frozen || from.resume());
          }
          return;
        }
        // The bytes before the fault arrive, the rest does not.
        to.write(chunk.subarray(0, Math.max(room, 0)), () => stop(fault?.how ?? 'reset'));
      });
    };
    forward(client, upstream, 'up');
    forward(upstream, client, 'down');
  });
  await new Promise<void>((resolve) => server.listen(listenOn, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url(databaseUrl) {
      const url = new URL(databaseUrl);
      url.hostname = '127.0.0.1';
      url.port = String(port);
      return url.href;
    },
    plan(next) {
      faults = [...next];
    },
    freeze() {
      for (const freeze of freezers) freeze();
    },
    refuse(next) {
      refusals = [...next];
    },
    traffic,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function errorResponse({ code, message, severity = 'FATAL' }: Refusal): Buffer {
  const fields = [`S${severity}`, `V${severity}`, `C${code}`, `M${message}`].map((field) => `${field}\0`);
  const body = Buffer.from(`${fields.join('')}\0`);
  const head = Buffer.alloc(5);
  head.write('E');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
