import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { SystemClock } from "../../../../common/clock/system-clock.ts";
import type { TaskManagerConnection } from "../../../../protocol/cluster/connection.ts";
import type { FromTaskManager, ToTaskManager } from "../../../../protocol/cluster/resource-messages.ts";
import { PeerLog } from "../../../logging/peer-log.ts";
import { serveTaskManagers } from "../../../transport/serve-task-managers.ts";
import { ScriptedTaskManager } from "./scripted-task-manager.ts";

/** How a scripted JobManager answers. */
export interface ScriptedJobManagerOptions {
  /** 0: any. */
  readonly port?: number;
  readonly epoch?: number;
  readonly heartbeatInterval?: number;
  readonly heartbeatTimeout?: number;
  /** Whether it tells that it lives. Default true. */
  readonly beats?: boolean;
  /** The answer to those that register; default: what the fields above say. */
  readonly answer?: (message: FromTaskManager) => ToTaskManager;
}

/** A JobManager's control port, which does as it is told in a test. */
export class ScriptedJobManager {
  readonly port: number;
  /** What `GET /artifacts/<sha256>` answers, now or when it is there. */
  readonly artifacts = new Map<string, Uint8Array | Promise<Uint8Array>>();
  /** The artifacts that were asked for. */
  readonly fetched: string[] = [];
  readonly #close: () => Promise<void>;
  readonly #arrived: ScriptedTaskManager[] = [];
  readonly #waiting: ((arrived: ScriptedTaskManager) => void)[] = [];

  private constructor(port: number, close: () => Promise<void>) {
    this.port = port;
    this.#close = close;
  }

  static async listen(options: ScriptedJobManagerOptions = {}): Promise<ScriptedJobManager> {
    const { epoch = 0, heartbeatInterval = 100, heartbeatTimeout = 5000, beats = true } = options;
    const server = createServer((request, response) => {
      const sha256 = request.url?.replace("/artifacts/", "") ?? "";
      manager.fetched.push(sha256);
      const bytes = manager.artifacts.get(sha256);
      if (bytes === undefined) response.writeHead(404).end();
      else void Promise.resolve(bytes).then((found) => response.end(found));
    });
    const timers = new Set<NodeJS.Timeout>();
    const onRegister = (connection: TaskManagerConnection, message: FromTaskManager): void => {
      if (message.type !== "register") return connection.close("register first");
      const arrived = new ScriptedTaskManager(connection, message.description);
      connection.send(
        options.answer?.(message) ?? { type: "registered", epoch, heartbeatInterval, heartbeatTimeout },
      );
      if (beats) timers.add(setInterval(() => connection.send({ type: "heartbeat" }), heartbeatInterval));
      manager.#arrived.push(arrived);
      manager.#waiting.shift()?.(manager.#arrived.shift() as ScriptedTaskManager);
    };
    const served = serveTaskManagers({
      server,
      token: undefined,
      clock: new SystemClock(),
      peers: new PeerLog(() => {}, new SystemClock()),
      onConnection: (connection) => {
        connection.onMessage = (message) => onRegister(connection, message);
      },
    });
    await new Promise<void>((resolve) => void server.listen(options.port ?? 0, "127.0.0.1", resolve));
    const manager = new ScriptedJobManager((server.address() as AddressInfo).port, async () => {
      for (const timer of timers) clearInterval(timer);
      served.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    return manager;
  }

  /** The next TaskManager that registers. */
  registered(): Promise<ScriptedTaskManager> {
    const arrived = this.#arrived.shift();
    if (arrived !== undefined) return Promise.resolve(arrived);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  close(): Promise<void> {
    return this.#close();
  }
}
