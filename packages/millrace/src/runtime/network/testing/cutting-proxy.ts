import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";

/** Stands between two data networks, and cuts their connection after so many bytes from the one that has opened it. */
export class CuttingProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #spent = Promise.withResolvers<void>();
  /** Settles when so many bytes have passed. */
  readonly spent: Promise<void> = this.#spent.promise;
  #left: number;

  private constructor(target: number, bytes: number) {
    this.#left = bytes;
    this.#server = createServer({ noDelay: true }, (from) => {
      const to = connect({ host: "127.0.0.1", port: target, noDelay: true });
      for (const socket of [from, to]) {
        this.#sockets.add(socket);
        socket.on("error", () => undefined);
        socket.on("close", () => {
          this.#sockets.delete(socket);
          this.cut();
        });
      }
      from.on("data", (chunk: Buffer) => {
        to.write(chunk.subarray(0, this.#left));
        this.#left -= chunk.length;
        if (this.#left <= 0) to.end(() => this.#cutForGood());
      });
      to.on("data", (chunk: Buffer) => from.write(chunk));
      if (this.#left <= 0) this.#cutForGood();
    });
  }

  static async open(target: number, bytes = Infinity): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target, bytes);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Cuts all connections. */
  readonly cut = (): void => {
    for (const socket of this.#sockets) socket.destroy();
  };

  #cutForGood(): void {
    this.cut();
    this.#spent.resolve();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
