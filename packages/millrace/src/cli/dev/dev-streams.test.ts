import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { StandardStreams } from "../../cluster/job-manager/job-master/standard-streams.ts";
import { DevStreams } from "./dev-streams.ts";

/** Input that comes in chunks when it is told to. */
class Input implements StandardStreams {
  closed = false;
  #waiting: ((bytes: Uint8Array | null) => void) | undefined;

  write(): void {}

  read(chunk: (bytes: Uint8Array | null) => void): void {
    if (this.#waiting !== undefined) throw new Error("one read at a time");
    this.#waiting = chunk;
  }

  close(): void {
    this.closed = true;
  }

  /** Answers the read that waits; false where none does. */
  give(bytes: Uint8Array | null): boolean {
    const waiting = this.#waiting;
    if (waiting === undefined) return false;
    this.#waiting = undefined;
    waiting(bytes);
    return true;
  }
}

/** A job that reads all it gets. */
class Job {
  readonly chunks: string[] = [];
  ended = false;
  readonly #streams: StandardStreams;

  constructor(streams: StandardStreams) {
    this.#streams = streams;
    this.#next();
  }

  get text(): string {
    return this.chunks.join("");
  }

  stop(): void {
    this.#streams.close();
  }

  #next(): void {
    this.#streams.read((bytes) => {
      if (bytes === null) {
        this.ended = true;
        return;
      }
      this.chunks.push(Buffer.from(bytes).toString());
      this.#next();
    });
  }
}

const bytes = (text: string): Uint8Array => Buffer.from(text);

describe("DevStreams", () => {
  it("hands out whole lines, the rest at the end", () => {
    const input = new Input();
    const job = new Job(new DevStreams(input).open());
    input.give(bytes("one\ntw"));
    expect(job.chunks).toEqual(["one\n"]);
    input.give(bytes("o"));
    expect(job.chunks).toEqual(["one\n"]);
    input.give(bytes("\nthree"));
    expect(job.chunks).toEqual(["one\n", "two\n"]);
    input.give(null);
    expect(job.chunks).toEqual(["one\n", "two\n", "three"]);
    expect(job.ended).toBe(true);
  });

  it("gives a line that doesn't end when it has become long", () => {
    const input = new Input();
    const job = new Job(new DevStreams(input).open());
    input.give(new Uint8Array(1024 * 1024).fill(65));
    expect(job.chunks).toEqual([]);
    input.give(bytes("A"));
    expect(job.text).toHaveLength(1024 * 1024 + 1);
  });

  it("keeps what comes while it is held for the next job, and never gives it to one that has ended", () => {
    const input = new Input();
    const streams = new DevStreams(input);
    const first = new Job(streams.open());
    input.give(bytes("one\n"));
    streams.hold();
    input.give(bytes("two\n"));
    expect(first.text).toBe("one\n");
    first.stop();
    const second = new Job(streams.open());
    expect(second.text).toBe("two\n");
    input.give(bytes("three\n"));
    expect(second.text).toBe("two\nthree\n");
    expect(first.text).toBe("one\n");
  });

  it("goes on with the same job when it is let go again", () => {
    const input = new Input();
    const streams = new DevStreams(input);
    const job = new Job(streams.open());
    streams.hold();
    input.give(bytes("one\n"));
    expect(job.text).toBe("");
    streams.release();
    expect(job.text).toBe("one\n");
  });

  it("tells every later job that the input has ended", () => {
    const input = new Input();
    const streams = new DevStreams(input);
    const first = new Job(streams.open());
    input.give(null);
    first.stop();
    expect(new Job(streams.open()).ended).toBe(true);
  });

  it("loses nothing and doubles nothing, whenever jobs follow each other", () => {
    const lines = fc.array(fc.stringMatching(/^[a-c]{0,6}$/u), { minLength: 1, maxLength: 12 });
    const step = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constant("restart"), fc.constant("hold"));
    fc.assert(
      fc.property(lines, fc.array(step, { maxLength: 30 }), (words, steps) => {
        const text = words.map((word) => `${word}\n`).join("");
        const input = new Input();
        const streams = new DevStreams(input);
        const jobs = [new Job(streams.open())];
        let at = 0;
        for (const each of steps) {
          if (each === "hold") {
            streams.hold();
          } else if (each === "restart") {
            jobs.at(-1)!.stop();
            jobs.push(new Job(streams.open()));
          } else if (input.give(bytes(text.slice(at, at + each)))) {
            at = Math.min(text.length, at + each);
          }
        }
        streams.release();
        if (at < text.length && input.give(bytes(text.slice(at)))) at = text.length;
        input.give(null);
        expect(jobs.map((job) => job.text).join("")).toBe(text.slice(0, at));
        for (const job of jobs) expect(job.text).toMatch(/^([a-c]*\n)*$/u);
      }),
    );
  });
});
