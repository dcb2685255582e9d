declare module 'pgpass' {
  interface Connection {
    readonly host: string;
    readonly port: number;
    readonly database: string;
    readonly user: string;
  }
  /** The password of the first line that fits. Warnings go to a stream. */
  function pgpass(connection: Connection, done: (password: string | undefined) => void): void;
  namespace pgpass {
    function warnTo(stream: NodeJS.WritableStream): NodeJS.WritableStream;
  }
  export default pgpass;
}
