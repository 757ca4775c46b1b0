import type { Socket } from "node:net";
import type { Clock } from "../../../common/clock/clock.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { SlotPeer } from "../../../protocol/cluster/resource-messages.ts";
import type { Liveness } from "./connection.ts";
import type { DataExchange, DataNetwork, DataNetworkMetrics, ExchangeOrder } from "./data-network.ts";
import { IncomingConnection } from "./incoming-connection.ts";
import type { IncomingLeg } from "./incoming-leg.ts";
import { OpenExchange } from "./open-exchange.ts";
import { OutgoingConnection } from "./outgoing-connection.ts";
import type { OutgoingLeg } from "./outgoing-leg.ts";
import { planExchange } from "./plan-exchange.ts";
import { plainSockets } from "./sockets.ts";
import type { DataServer, DataSockets } from "./sockets.ts";

/**
 * Takes a line about connections and exchanges.
 *
 * @param stranger address of whom the line is about, where it is somebody who has not proved to be one of the cluster
 */
export type DataNetworkLog = (message: string, stranger?: string) => void;

/** Settings of a data network. */
export interface DataNetworkOptions {
  readonly taskManagerId: string;
  /** Where it listens. */
  readonly host: string;
  /** 0: any. */
  readonly port: number;
  readonly clock: Clock;
  /** Takes lines about connections and exchanges: why they were closed or refused. */
  readonly log: DataNetworkLog;
  /** Default: plain TCP. See `tlsSockets`. */
  readonly sockets?: DataSockets;
  /** ms between signs of life on a connection, and without any after which it is closed. Default 2,000 and 10,000. */
  readonly heartbeatInterval?: number;
  readonly heartbeatTimeout?: number;
  /** ms for which peers that have not opened an exchange are waited for. Default 60,000. */
  readonly openTimeout?: number;
  /** ms for which a connection without exchanges stays. Default 60,000. */
  readonly idleTimeout?: number;
}

/** Connections of strangers, at a time. */
const MAX_STRANGERS = 1024;
/** Exchanges that all of them together may ask for before these are open. */
const MAX_STRANGERS_PARKED = 8192;
/** Exchanges that are remembered as closed, so that nobody waits for them. */
const MAX_CLOSED = 4096;
/** ms for what is still to be sent when the network closes. */
const LAST_WORDS = 1000;

/**
 * Listens for other TaskManagers, and connects to them as exchanges are opened; see `DataNetwork`.
 *
 * @throws INVALID_ARGUMENT when nothing can listen there
 */
export async function openDataNetwork(options: DataNetworkOptions): Promise<DataNetwork> {
  const network = new TcpDataNetwork(options);
  await network.listen();
  return network;
}

class TcpDataNetwork implements DataNetwork {
  readonly #options: DataNetworkOptions;
  readonly #sockets: DataSockets;
  readonly #liveness: Liveness;
  readonly #openTimeout: number;
  readonly #exchanges = new Map<string, OpenExchange>();
  /** The last ones, the oldest first. */
  readonly #closed = new Set<string>();
  readonly #outgoing = new Set<OutgoingConnection>();
  /** The one of them that takes exchanges, by peer. */
  readonly #current = new Map<string, OutgoingConnection>();
  readonly #incoming = new Set<IncomingConnection>();
  #server: DataServer | undefined;
  /** Of connections that are gone. */
  readonly #past = { framesSent: 0, framesReceived: 0, bytesSent: 0, bytesReceived: 0 };
  #closing: Promise<void> | undefined;
  #emptied: (() => void) | undefined;

  constructor(options: DataNetworkOptions) {
    this.#options = options;
    this.#sockets = options.sockets ?? plainSockets;
    this.#openTimeout = options.openTimeout ?? 60_000;
    this.#liveness = {
      clock: options.clock,
      heartbeatInterval: options.heartbeatInterval ?? 2000,
      heartbeatTimeout: options.heartbeatTimeout ?? 10_000,
    };
  }

  async listen(): Promise<void> {
    this.#server = await this.#sockets.listen(
      this.#options,
      (socket) => this.#accept(socket),
      (peer, reason) => this.#options.log(`a data connection of ${peer} was refused: ${reason}`, peer),
    );
  }

  get port(): number {
    return this.#server?.port ?? this.#options.port;
  }

  openExchange(order: ExchangeOrder): DataExchange {
    const { exchange: name, secret, token } = order;
    if (this.#closing !== undefined)
      throw new MillraceError("CONFLICT", `exchange ${name} can't be opened: this TaskManager is closing`);
    if (this.#exchanges.has(name)) throw new MillraceError("CONFLICT", `exchange ${name} is open already`);
    const { taskManagerId, clock, log } = this.#options;
    const exchange: OpenExchange = new OpenExchange({
      plan: planExchange(taskManagerId, order),
      identity: { exchange: name, secret, attempt: token.attempt >>> 0 },
      clock,
      openTimeout: this.#openTimeout,
      log,
      onClosed: () => this.#forget(name),
    });
    this.#closed.delete(name);
    this.#exchanges.set(name, exchange);
    try {
      for (const leg of exchange.outgoing) this.#connectionTo(leg).open(leg);
    } catch (error) {
      // An address that no system takes. Nobody else would close it.
      exchange.close();
      throw unreachable(`addresses of peers that can be connected to: ${(error as Error).message}`);
    }
    for (const connection of this.#incoming) connection.exchangeOpened(name);
    return exchange;
  }

  metrics(): DataNetworkMetrics {
    const sum = { ...this.#past };
    let [poolBytes, mirrorBytes, bytesWaiting] = [0, 0, 0];
    for (const exchange of this.#exchanges.values()) {
      poolBytes += exchange.poolBytes;
      mirrorBytes += exchange.mirrorBytes;
    }
    for (const { connection } of this.#connections()) {
      sum.framesSent += connection.outbox.frames;
      sum.framesReceived += connection.framesReceived;
      sum.bytesSent += connection.bytesSent;
      sum.bytesReceived += connection.bytesReceived;
      bytesWaiting += connection.bytesWaiting;
    }
    return {
      exchanges: this.#exchanges.size,
      outgoing: this.#outgoing.size,
      incoming: this.#incoming.size,
      poolBytes,
      mirrorBytes,
      ...sum,
      bytesWaiting,
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const exchange of this.#exchanges.values()) exchange.close();
    const portFree = this.#server?.close();
    const emptied = new Promise<void>((resolve) => {
      this.#emptied = resolve;
    });
    for (const { connection } of this.#connections()) connection.end();
    const timer = this.#options.clock.schedule(LAST_WORDS, () => {
      for (const { connection } of this.#connections()) connection.close();
    });
    this.#checkEmpty();
    await emptied;
    timer.cancel();
    await portFree;
  }

  #connections(): (OutgoingConnection | IncomingConnection)[] {
    return [...this.#outgoing, ...this.#incoming];
  }

  #connectionTo(leg: OutgoingLeg): OutgoingConnection {
    const { peer, name } = leg.plan;
    const key = keyOf(peer);
    const known = this.#current.get(key);
    if (known?.usable === true) return known;
    const { taskManagerId, log, idleTimeout } = this.#options;
    const connection = new OutgoingConnection({
      socket: this.#sockets.connect({ host: peer.host, port: peer.dataPort }),
      taskManagerId,
      peerId: peer.taskManagerId,
      peerName: name,
      liveness: this.#liveness,
      idleTimeout: idleTimeout ?? 60_000,
      log,
      onClosed: (closed, again) => {
        this.#outgoing.delete(closed);
        if (this.#current.get(key) === closed) this.#current.delete(key);
        for (const each of again) this.#connectionTo(each).open(each);
        this.#remember(closed);
      },
    });
    this.#outgoing.add(connection);
    this.#current.set(key, connection);
    return connection;
  }

  #accept(socket: Socket): void {
    if (this.#closing !== undefined || this.#strangers().length >= MAX_STRANGERS) {
      socket.on("error", () => undefined);
      socket.destroy();
      return;
    }
    const { taskManagerId, log } = this.#options;
    const connection = new IncomingConnection({
      socket,
      taskManagerId,
      liveness: this.#liveness,
      openTimeout: this.#openTimeout,
      find: (exchange, peerId) => this.#find(exchange, peerId),
      mayPark: () => this.#strangers().reduce((sum, { parked }) => sum + parked, 0) < MAX_STRANGERS_PARKED,
      log,
      onClosed: (closed) => {
        this.#incoming.delete(closed);
        this.#remember(closed);
      },
    });
    this.#incoming.add(connection);
  }

  /** Connections that have not proved anything. */
  #strangers(): readonly IncomingConnection[] {
    return [...this.#incoming].filter(({ proven }) => !proven);
  }

  #find(name: string, peerId: string): IncomingLeg | "closed" | undefined {
    const exchange = this.#exchanges.get(name);
    if (exchange === undefined) return this.#closed.has(name) ? "closed" : undefined;
    return exchange.incoming.find(({ plan }) => plan.peer.taskManagerId === peerId) ?? "closed";
  }

  #forget(name: string): void {
    this.#exchanges.delete(name);
    this.#closed.add(name);
    for (const oldest of this.#closed) {
      if (this.#closed.size <= MAX_CLOSED) break;
      this.#closed.delete(oldest);
    }
  }

  #remember({ connection }: OutgoingConnection | IncomingConnection): void {
    this.#past.framesSent += connection.outbox.frames;
    this.#past.framesReceived += connection.framesReceived;
    this.#past.bytesSent += connection.bytesSent;
    this.#past.bytesReceived += connection.bytesReceived;
    this.#checkEmpty();
  }

  #checkEmpty(): void {
    if (this.#outgoing.size === 0 && this.#incoming.size === 0) this.#emptied?.();
  }
}

const unreachable = (expected: string): MillraceError =>
  new MillraceError("INVALID_ARGUMENT", `an exchange: expected ${expected}`);

const keyOf = ({ taskManagerId, host, dataPort }: SlotPeer): string =>
  JSON.stringify([taskManagerId, host, dataPort]);
