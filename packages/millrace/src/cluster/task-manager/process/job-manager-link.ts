import type { Clock, ClockTimer } from "../../../common/clock/clock.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { JobManagerConnection } from "../../../protocol/cluster/connection.ts";
import { CLUSTER_VERSION } from "../../../protocol/cluster/resource-messages.ts";
import type {
  FromTaskManager,
  TaskManagerDescription,
  TaskManagerHealth,
  ToTaskManager,
} from "../../../protocol/cluster/resource-messages.ts";
import { fromEnvelope } from "../../../protocol/control/error-envelope.ts";
import type { Log } from "../../logging/log.ts";

/** What comes over a registered connection, but for what the link does itself. */
export type JobManagerOrder = Exclude<
  ToTaskManager,
  { readonly type: "registered" | "refused" | "heartbeat" }
>;

/** Who gets what the JobManager says. */
export interface JobManagerListener {
  /** Registered; orders of this epoch follow. */
  onRegistered(epoch: number): void;
  /** @param reply answers it: dropped where the connection that brought the order is gone by then, for the next one's requests have numbers of their own */
  onOrder(order: JobManagerOrder, reply: (answer: FromTaskManager) => void): void;
  onSlotMessage(allocation: number, bytes: Uint8Array): void;
  /** The connection is gone, and with it all that ran over it. A new one is opened when this has settled. */
  onLost(): Promise<void>;
  /** No JobManager wants this TaskManager, or none was found in time. The last call. */
  onGivenUp(error: Error): void;
}

/** What a link is made of. */
export interface JobManagerLinkOptions {
  readonly description: TaskManagerDescription;
  readonly clock: Clock;
  readonly log: Log;
  readonly listener: JobManagerListener;
  /** ms. */
  readonly initialBackoff: number;
  readonly maxBackoff: number;
  /** How long it tries without being registered; 0: for ever. */
  readonly registrationTimeout: number;
  /** Until the JobManager tells its own. */
  readonly heartbeatTimeout: number;
  readonly connect: () => Promise<JobManagerConnection>;
  readonly health: () => TaskManagerHealth;
}

/** The JobManager as it wants to be heard of. */
interface Registration {
  readonly heartbeatInterval: number;
  readonly heartbeatTimeout: number;
}

/** What no further try can change. */
const FINAL = ["VERSION_MISMATCH", "NOT_AUTHORIZED"] as const;

/**
 * A TaskManager's line to whoever is the JobManager: connects, registers, beats, and begins anew when the connection is lost.
 *
 * A connection on which nothing came for the heartbeat's timeout is lost even where the network says nothing. That is looked at before
 * anything is sent: a process that was frozen for longer than that finds that it has been replaced, and sends nothing that its tasks
 * have done since it goes on.
 */
export class JobManagerLink {
  readonly #options: JobManagerLinkOptions;
  /** Since when it is without a JobManager, in monotonic ms. */
  #unregisteredSince: number;
  #backoff: number;
  /** The newest that has ever registered this TaskManager. */
  #epoch = -1;
  #connection: JobManagerConnection | undefined;
  #registration: Registration | undefined;
  #lastHeard = 0;
  #timer: ClockTimer | undefined;
  #closed = false;

  constructor(options: JobManagerLinkOptions) {
    this.#options = options;
    this.#backoff = options.initialBackoff;
    this.#unregisteredSince = options.clock.monotonic();
  }

  /** Begins. */
  start(): void {
    void this.#connect();
  }

  /** Drops the message where there is no JobManager at the moment. @throws as `ResourceConnection.send` */
  send(message: FromTaskManager): void {
    if (this.#alive()) this.#connection?.send(message);
  }

  /** As `send`. */
  sendToSlot(allocation: number, bytes: Uint8Array): void {
    if (this.#alive()) this.#connection?.sendToSlot(allocation, bytes);
  }

  /** Ends it for good; the listener hears nothing more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    this.#connection?.close("the TaskManager ends");
  }

  async #connect(): Promise<void> {
    const { clock, log, connect } = this.#options;
    let connection: JobManagerConnection;
    try {
      connection = await connect();
    } catch (error) {
      if (this.#closed) return;
      log("debug", "no JobManager was found", error);
      return this.#tryAgain(error as Error);
    }
    if (this.#closed) return connection.close();
    this.#connection = connection;
    this.#lastHeard = clock.monotonic();
    connection.onMessage = (message) => this.#heard(connection, () => this.#receive(connection, message));
    connection.onSlotMessage = (allocation, bytes) =>
      this.#heard(connection, () => this.#options.listener.onSlotMessage(allocation, bytes));
    connection.onClose = (error) => this.#lost(connection, error ?? closed(connection.peer));
    connection.send({ type: "register", version: CLUSTER_VERSION, description: this.#options.description });
    this.#beat(connection);
  }

  /** What comes over a connection that was given up already is nobody's. */
  #heard(connection: JobManagerConnection, take: () => void): void {
    if (connection !== this.#connection || this.#closed || !this.#alive()) return;
    this.#lastHeard = this.#options.clock.monotonic();
    take();
  }

  #receive(connection: JobManagerConnection, message: ToTaskManager): void {
    const { listener } = this.#options;
    if (message.type === "refused") return this.#refused(connection, fromEnvelope(message.error));
    if (message.type === "registered") return this.#registered(connection, message);
    if (this.#registration === undefined)
      throw new MillraceError("PROTOCOL_VIOLATION", `expected an answer to register, got ${message.type}`);
    if (message.type === "heartbeat") return;
    listener.onOrder(message, (answer) => {
      if (connection === this.#connection) this.send(answer);
    });
  }

  #registered(
    connection: JobManagerConnection,
    { epoch, heartbeatInterval, heartbeatTimeout }: Extract<ToTaskManager, { readonly type: "registered" }>,
  ): void {
    const { log, listener } = this.#options;
    const valid = [epoch, heartbeatInterval, heartbeatTimeout].every(
      (value) => Number.isFinite(value) && value >= 0,
    );
    if (!valid || heartbeatTimeout < 1 || this.#registration !== undefined)
      throw new MillraceError("PROTOCOL_VIOLATION", "expected one registration, with an epoch and times");
    if (epoch < this.#epoch) {
      const stale = new MillraceError(
        "FENCED",
        `the JobManager at ${connection.peer} is of epoch ${epoch}, which ended when epoch ${this.#epoch} began`,
        { retryable: true },
      );
      connection.close(stale.message);
      return this.#lost(connection, stale);
    }
    this.#epoch = epoch;
    this.#registration = { heartbeatInterval: Math.max(1, heartbeatInterval), heartbeatTimeout };
    this.#backoff = this.#options.initialBackoff;
    log("info", `registered with the JobManager at ${connection.peer}, epoch ${epoch}`);
    this.#beat(connection);
    listener.onRegistered(epoch);
  }

  #refused(connection: JobManagerConnection, error: Error): void {
    connection.close();
    this.#lost(connection, error);
  }

  /** Now, and again after the interval. */
  #beat(connection: JobManagerConnection): void {
    const { clock, health, heartbeatTimeout } = this.#options;
    this.#timer?.cancel();
    if (connection !== this.#connection || this.#closed || !this.#alive()) return;
    if (this.#registration !== undefined) connection.send({ type: "heartbeat", health: health() });
    const interval = this.#registration?.heartbeatInterval ?? heartbeatTimeout / 4;
    this.#timer = clock.schedule(interval, () => this.#beat(connection));
  }

  /** Whether there is a JobManager that has been heard of in time; what is not so any more is lost at once. */
  #alive(): boolean {
    const connection = this.#connection;
    if (connection === undefined) return false;
    const { clock, heartbeatTimeout } = this.#options;
    const timeout = this.#registration?.heartbeatTimeout ?? heartbeatTimeout;
    const silence = clock.monotonic() - this.#lastHeard;
    if (silence <= timeout) return true;
    const error = new MillraceError(
      "CONNECTION_LOST",
      `nothing came from the JobManager at ${connection.peer} for ${Math.round(silence)} ms, more than heartbeat.timeout, ${timeout} ms`,
      { retryable: true },
    );
    connection.close(error.message);
    this.#lost(connection, error);
    return false;
  }

  #lost(connection: JobManagerConnection, error: Error): void {
    if (connection !== this.#connection || this.#closed) return;
    const { clock, listener, log } = this.#options;
    const wasRegistered = this.#registration !== undefined;
    this.#connection = undefined;
    this.#registration = undefined;
    this.#timer?.cancel();
    if (wasRegistered) {
      this.#unregisteredSince = clock.monotonic();
      log("warn", `lost the JobManager: ${error.message}`);
    }
    void listener.onLost().then(() => this.#tryAgain(error));
  }

  #tryAgain(error: Error): void {
    if (this.#closed) return;
    const { clock, listener, log, maxBackoff, registrationTimeout } = this.#options;
    const without = clock.monotonic() - this.#unregisteredSince;
    const isFinal = FINAL.some((code) => MillraceError.is(error, code));
    if (isFinal || (registrationTimeout > 0 && without >= registrationTimeout)) {
      this.#closed = true;
      return listener.onGivenUp(isFinal ? error : notFound(without, error));
    }
    log("info", `tries to reach the JobManager again in ${this.#backoff} ms: ${error.message}`);
    this.#timer = clock.schedule(this.#backoff, () => void this.#connect());
    this.#backoff = Math.min(maxBackoff, this.#backoff * 2);
  }
}

const closed = (peer: string): MillraceError =>
  new MillraceError("CONNECTION_LOST", `the JobManager at ${peer} has closed the connection`, {
    retryable: true,
  });

const notFound = (without: number, cause: Error): MillraceError =>
  new MillraceError(
    "CLUSTER_UNREACHABLE",
    `without a JobManager for ${Math.round(without / 1000)} s, longer than taskmanager.registration.timeout: ${cause.message}`,
    { cause },
  );
