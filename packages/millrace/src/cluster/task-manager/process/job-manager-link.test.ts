import { describe, expect, it } from "vitest";
import { ManualClock } from "../../../common/clock/manual-clock.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { FromTaskManager } from "../../../protocol/cluster/resource-messages.ts";
import { memoryConnections } from "../../transport/memory-connections.ts";
import type { ConnectionPair } from "../../transport/memory-connections.ts";
import { JobManagerLink } from "./job-manager-link.ts";

/** A link with JobManagers in memory, on a clock that is moved by hand. */
class LinkRig {
  readonly clock = new ManualClock();
  readonly pairs: ConnectionPair[] = [];
  /** What happened, in order. */
  readonly events: string[] = [];
  readonly received: string[][] = [];
  /** What `connect` fails with. */
  failure: Error | undefined;
  /** Settles `onLost`. */
  ended: () => void = () => {};
  readonly link: JobManagerLink;

  constructor(registrationTimeout = 0) {
    this.link = new JobManagerLink({
      description: {} as never,
      clock: this.clock,
      log: () => {},
      initialBackoff: 100,
      maxBackoff: 400,
      registrationTimeout,
      heartbeatTimeout: 1000,
      connect: () => this.#connect(),
      health: () => ({ residentMemory: 0, heapUsed: 0, cpuLoad: 0, eventLoopLag: 0 }),
      listener: {
        onRegistered: (epoch) => this.events.push(`registered ${epoch}`),
        onOrder: ({ type }) => this.events.push(type),
        onSlotMessage: (allocation) => this.events.push(`slot ${allocation}`),
        onLost: () => {
          this.events.push("lost");
          return new Promise((resolve) => (this.ended = resolve));
        },
        onGivenUp: (error) => this.events.push(`given up: ${(error as MillraceError).code}`),
      },
    });
  }

  async #connect(): Promise<ConnectionPair["jobManager"]> {
    this.events.push(`connects at ${this.clock.now()}`);
    if (this.failure !== undefined) throw this.failure;
    const pair = memoryConnections(this.clock);
    const received: string[] = [];
    this.pairs.push(pair);
    this.received.push(received);
    pair.taskManager.onMessage = ({ type }: FromTaskManager) => received.push(type);
    pair.taskManager.onSlotMessage = (allocation) => received.push(`slot ${allocation}`);
    return pair.jobManager;
  }

  /** The newest JobManager answers. */
  async register(epoch: number): Promise<void> {
    this.pairs
      .at(-1)
      ?.taskManager.send({ type: "registered", epoch, heartbeatInterval: 100, heartbeatTimeout: 500 });
    await settle();
  }
}

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
};

describe("a TaskManager's line to the JobManager", () => {
  it("sends nothing that was done while nobody was heard of: everything is ended first", async () => {
    const rig = new LinkRig();
    rig.link.start();
    await settle();
    await rig.register(1);
    rig.link.sendToSlot(7, new Uint8Array(1));
    await settle();
    const [received = []] = rig.received;
    expect(received).toEqual(["register", "heartbeat", "slot 7"]);
    // As if the process had stood still: no timer has run, and a slot's thread is the first to say something.
    const monotonic = rig.clock.monotonic.bind(rig.clock);
    rig.clock.monotonic = () => monotonic() + 501;
    rig.link.sendToSlot(7, new Uint8Array(1));
    rig.link.send({ type: "slotsOpened", request: 1 });
    expect(rig.events.at(-1)).toBe("lost");
    await settle();
    expect(received).toEqual(["register", "heartbeat", "slot 7"]);
    expect(rig.pairs).toHaveLength(1);
    // Only when all slots have ended.
    rig.ended();
    await settle();
    rig.clock.advance(100);
    await settle();
    expect(rig.received[1]).toEqual(["register"]);
  });

  it("obeys nobody whose message comes after the timeout", async () => {
    const rig = new LinkRig();
    rig.link.start();
    await settle();
    await rig.register(1);
    const monotonic = rig.clock.monotonic.bind(rig.clock);
    rig.clock.monotonic = () => monotonic() + 501;
    rig.pairs[0]?.taskManager.send({ type: "prepareSlots", count: 1 });
    rig.pairs[0]?.taskManager.sendToSlot(1, new Uint8Array());
    await settle();
    expect(rig.events.slice(-2)).toEqual(["registered 1", "lost"]);
  });

  it("stays as long as heartbeats come, and beats itself", async () => {
    const rig = new LinkRig();
    rig.link.start();
    await settle();
    await rig.register(1);
    for (let beat = 0; beat < 20; beat++) {
      rig.pairs[0]?.taskManager.send({ type: "heartbeat" });
      await settle();
      rig.clock.advance(100);
    }
    await settle();
    expect(rig.events).toEqual(["connects at 0", "registered 1"]);
    expect(rig.received[0]?.filter((type) => type === "heartbeat")).toHaveLength(21);
    rig.clock.advance(600);
    await settle();
    expect(rig.events.at(-1)).toBe("lost");
  });

  it("waits longer after each failure, and tells when it gives up", async () => {
    const rig = new LinkRig(2000);
    rig.failure = new MillraceError("CLUSTER_UNREACHABLE", "nobody there", { retryable: true });
    rig.link.start();
    for (let step = 0; step < 30; step++) {
      await settle();
      rig.clock.advance(100);
    }
    await settle();
    expect(rig.events).toEqual([
      ...[0, 100, 300, 700, 1100, 1500, 1900, 2300].map((at) => `connects at ${at}`),
      "given up: CLUSTER_UNREACHABLE",
    ]);
  });

  it("gives up at once when its version or its token is refused", async () => {
    const rig = new LinkRig();
    rig.failure = new MillraceError("NOT_AUTHORIZED", "another token");
    rig.link.start();
    await settle();
    expect(rig.events).toEqual(["connects at 0", "given up: NOT_AUTHORIZED"]);
  });

  it("follows newer JobManagers, and refuses older ones", async () => {
    const rig = new LinkRig();
    const next = async (epoch: number): Promise<void> => {
      rig.ended();
      await settle();
      rig.clock.advance(400);
      await settle();
      await rig.register(epoch);
    };
    rig.link.start();
    await settle();
    await rig.register(2);
    rig.pairs[0]?.cut();
    await next(1);
    await next(2);
    rig.pairs.at(-1)?.cut();
    await next(3);
    expect(rig.events.filter((event) => !event.startsWith("connects"))).toEqual([
      "registered 2",
      "lost",
      "lost",
      "registered 2",
      "lost",
      "registered 3",
    ]);
  });

  it("takes no order before it is registered", async () => {
    const rig = new LinkRig();
    rig.link.start();
    await settle();
    rig.pairs[0]?.taskManager.send({ type: "shutdown" });
    await settle();
    expect(rig.events).toEqual(["connects at 0", "lost"]);
  });

  it("hears nothing after it was closed", async () => {
    const rig = new LinkRig();
    rig.link.start();
    await settle();
    await rig.register(1);
    rig.pairs[0]?.taskManager.send({ type: "shutdown" });
    rig.link.close();
    await settle();
    rig.clock.advance(10_000);
    await settle();
    expect(rig.events).toEqual(["connects at 0", "registered 1"]);
  });
});
