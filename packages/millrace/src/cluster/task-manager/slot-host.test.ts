import { describe, expect, it } from "vitest";
import { printSink } from "../../connectors/print/print-sink.ts";
import { job } from "../../root/job.ts";
import { run } from "../../root/run.ts";
import type { StandardStreams } from "../job-manager/job-master/standard-streams.ts";

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
});
