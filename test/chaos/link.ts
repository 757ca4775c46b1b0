import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/**
 * What a link does: `open` carries bytes; `cut` resets connections and refuses new ones; `silent` keeps connections and carries nothing, as a
 * network does that drops all packets.
 */
export type LinkState = "open" | "cut" | "silent";

/** A place in the network that can fail: listens at an address, and connects those who come to a port of 127.0.0.1. */
export class Link {
  /** Where it leads; what is connected stays where it is. */
  target: number;
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #state: LinkState = "open";

  private constructor(target: number) {
    this.target = target;
    // Half-open connections are carried as such: an end is passed on, not answered.
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (from) => this.#accept(from));
  }

  static async open(target: number, host = "127.0.0.1", port = 0): Promise<Link> {
    const link = new Link(target);
    link.#server.listen(port, host);
    await once(link.#server, "listening");
    return link;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get state(): LinkState {
    return this.#state;
  }

  set state(state: LinkState) {
    this.#state = state;
    if (state === "cut") this.#reset();
    for (const pair of this.#pairs) for (const socket of pair) this.#regulate(socket);
  }

  async close(): Promise<void> {
    this.#reset();
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(from: Socket): void {
    from.on("error", () => undefined);
    if (this.#state === "cut") {
      from.resetAndDestroy();
      return;
    }
    const to = connect({ host: "127.0.0.1", port: this.target, noDelay: true, allowHalfOpen: true });
    const pair = [from, to] as const;
    this.#pairs.add(pair);
    for (const [socket, other] of [pair, [to, from] as const]) {
      socket.on("error", () => undefined);
      socket.on("data", (chunk: Uint8Array) => {
        if (!other.write(chunk)) socket.pause();
      });
      other.on("drain", () => this.#regulate(socket));
      socket.on("end", () => other.end());
      // While it is silent, nobody hears that the other end has gone either.
      socket.on("close", () => this.#closed(pair, other));
      this.#regulate(socket);
    }
  }

  #closed(pair: readonly [Socket, Socket], other: Socket): void {
    if (this.#state === "silent") return;
    this.#pairs.delete(pair);
    other.resetAndDestroy();
  }

  #regulate(socket: Socket): void {
    if (this.#state === "silent") socket.pause();
    else socket.resume();
  }

  #reset(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy();
    this.#pairs.clear();
  }
}
