import { describe, expect, it } from "vitest";
import { SystemClock } from "../../common/clock/system-clock.ts";
import { attempt, executionId, jobId, slotId } from "../../common/ids/ids.ts";
import { discardSink } from "../../connectors/discard/discard-sink.ts";
import { describeNodes } from "../../graph/job/fingerprint.ts";
import type { MasterConnection } from "../../protocol/control/control-transport.ts";
import { CONTROL_VERSION } from "../../protocol/control/messages.ts";
import type { FromSlot, ToSlot } from "../../protocol/control/messages.ts";
import { HashMapStateBackend } from "../../runtime/state/heap/hash-map-state-backend.ts";
import { buildJob } from "../artifact/build-job.ts";
import { printSink } from "../../connectors/print/print-sink.ts";
import { job } from "../../root/job.ts";
import { run } from "../../root/run.ts";
import type { StandardStreams } from "../job-manager/job-master/standard-streams.ts";
import { SlotHost } from "./slot-host.ts";

/** Takes what is printed a turn of the event loop later, one piece after the other. */
class SlowStreams implements StandardStreams {
  bytes = 0;
  #last: Promise<void> = Promise.resolve();

  write(_stream: "stdout" | "stderr", bytes: Uint8Array, written: () => void): void {
    this.bytes += bytes.byteLength;
    this.#last = this.#last.then(() => new Promise((resolve) => setImmediate(resolve))).then(written);
  }
  read(chunk: (bytes: Uint8Array | null) => void): void {
    chunk(null);
  }
  close(): void {}
}

describe("SlotHost", () => {
  it("tells all sinks of a task that a backlog has fallen", async () => {
    const line = "x".repeat(999);
    const program = job({ url: import.meta.url }, "two printers", {}, (env) => {
      const lines = env.fromSequence(1, 4000).map(() => line);
      lines.sinkTo(printSink());
      lines.sinkTo(printSink({ stream: "stderr" }));
    });
    const streams = new SlowStreams();
    const { recordsOut } = await run(program, { mode: "inline", streams });
    expect([recordsOut, streams.bytes]).toEqual([8000, 8_000_000]);
  });

  it("has running tasks take part in checkpoints, and declines for those that it doesn't have", async () => {
    const program = job({ url: import.meta.url }, "two tasks", {}, (env) => {
      env
        .fromSequence(1, 3)
        .rebalance()
        .map((n) => n)
        .sinkTo(discardSink());
    });
    const built = buildJob(program, {
      args: { values: {}, resolvePath: (path) => path },
      config: {},
      defaultParallelism: 1,
    });
    const line = new Line();
    const host = new SlotHost({
      connection: line,
      clock: new SystemClock(),
      loadProgram: () => ({ build: () => built }),
      loadBackend: () => () => new HashMapStateBackend(),
      openRings: undefined,
    });
    const [source, map] = built.jobGraph.vertices.map(({ id }) => executionId(id, 0, attempt(0)));
    line.tell({
      type: "deploy",
      version: CONTROL_VERSION,
      deployment: {
        token: { epoch: 0, jobId: jobId(new Uint8Array(16)), attempt: 0 },
        jobName: "two tasks",
        slot: 0,
        slotId: slotId("local/0"),
        program: { kind: "inline", key: "" },
        args: {},
        captured: {},
        config: {},
        checkpoints: { periodic: true, location: { directory: undefined, inlineThreshold: 0 } },
        fingerprint: built.jobGraph.fingerprint,
        nodes: describeNodes(built.streamGraph),
        tasks: built.jobGraph.vertices.map(({ id }) => ({
          execution: executionId(id, 0, attempt(0)),
          vertex: id,
          subtask: 0,
          restore: undefined,
        })),
        channels: [
          {
            id: 0,
            edge: 0,
            producer: { vertex: built.jobGraph.vertices[0]!.id, subtask: 0, slot: 0 },
            consumer: { vertex: built.jobGraph.vertices[1]!.id, subtask: 0, slot: 0 },
          },
        ],
        rings: undefined,
      },
    });
    await line.heard((message) => message.type === "deployed");
    line.tell({ type: "start", attempt: 0 });
    await line.heard((message) => message.type === "requestSplit");
    const trigger = (checkpointId: number, execution = source!): void =>
      line.tell({
        type: "triggerCheckpoint",
        executions: [execution],
        checkpointId,
        timestamp: 0,
        options: {
          snapshot: "checkpoint",
          mode: "exactly-once",
          alignment: "aligned",
          alignmentTimeout: undefined,
          location: undefined,
          incremental: true,
        },
      });
    trigger(1);
    for (const execution of [source!, map!]) {
      await line.heard(
        (message) =>
          message.type === "checkpointAcknowledged" &&
          message.checkpointId === 1 &&
          message.execution === execution,
      );
    }
    line.tell({ type: "cancel", attempt: 0, executions: [source!, map!] });
    // One that ends tells that itself.
    trigger(2);
    const stranger = executionId(built.jobGraph.vertices[0]!.id, 7, attempt(0));
    trigger(3, stranger);
    const declined = await line.heard((message) => message.type === "checkpointDeclined");
    expect(declined).toMatchObject({
      execution: stranger,
      checkpointId: 3,
      error: { code: "CHECKPOINT_FAILED" },
    });
    host.close();
  });
});

/** A slot's line whose other end is the test. */
class Line implements MasterConnection {
  onMessage: ((message: ToSlot) => void) | undefined;
  readonly #heard: FromSlot[] = [];
  #listener: () => void = () => {};

  send(message: FromSlot): void {
    this.#heard.push(message);
    this.#listener();
  }

  tell(message: ToSlot): void {
    this.onMessage?.(message);
  }

  /** The first message of a kind, which may have come already. */
  async heard(which: (message: FromSlot) => boolean): Promise<FromSlot> {
    for (;;) {
      const found = this.#heard.find(which);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => (this.#listener = resolve));
    }
  }
}
