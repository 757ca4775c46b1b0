import { describe, expect, expectTypeOf, it } from "vitest";
import type { ByteInput } from "../../common/connector/source.ts";
import { Types } from "../../common/types/types.ts";
import { SourceRun } from "../testing/source-run.ts";
import { stdinSource } from "./stdin-source.ts";
import type { StreamSource } from "./stream-source.ts";

/** Standard input that a test feeds. */
class FedInput implements ByteInput {
  closed = false;
  #chunks: (Uint8Array | null)[] = [];
  #callback: (() => void) | undefined;

  feed(...chunks: (string | Uint8Array | null)[]): this {
    this.#chunks.push(...chunks.map((chunk) => (typeof chunk === "string" ? Buffer.from(chunk) : chunk)));
    this.#callback?.();
    return this;
  }

  read(): Uint8Array | undefined | null {
    return this.#chunks.length > 0 ? this.#chunks.shift() : undefined;
  }

  onReadable(callback: () => void): void {
    this.#callback = callback;
  }

  close(): void {
    this.closed = true;
  }
}

describe("stdinSource", () => {
  it("reads lines as they come, cut anywhere, until the end", async () => {
    const stdin = new FedInput().feed("one\ntw");
    const source = stdinSource();
    expect(source).toMatchObject({ guarantee: "at-most-once", maxParallelism: 1, boundedness: "unbounded" });
    const run = new SourceRun(source, { stdin });
    await run.run(1);
    expect(run.records).toEqual(["one"]);
    const euro = Buffer.from("€\n");
    stdin.feed("o\r\n", euro.subarray(0, 2), euro.subarray(2));
    await run.run(3);
    expect(run.records).toEqual(["one", "two", "€"]);
    stdin.feed("end", null);
    await run.run();
    expect(run.records).toEqual(["one", "two", "€", "end"]);
    run.close();
    expect(stdin.closed).toBe(true);
  });

  it("reads JSON and CSV, and says in which line it is malformed", async () => {
    const schema = Types.object({ n: Types.int });
    expectTypeOf(stdinSource({ format: "jsonl", schema })).toEqualTypeOf<StreamSource<{ n: number }>>();
    const json = new SourceRun(stdinSource({ format: "jsonl", schema }), {
      stdin: new FedInput().feed('{"n":1}\n{"n":', '"x"}\n', '{"n":3}', null),
    });
    await json.run();
    expect(json.records).toEqual([{ n: 1 }, { n: 3 }]);
    expect(json.malformed).toMatchObject([
      { location: "standard input:2", message: 'n: expected int, got "x"', raw: '{"n":"x"}' },
    ]);
    const csv = new SourceRun(stdinSource({ format: "csv", schema }), {
      stdin: new FedInput().feed("a", ',n\n"x\n', 'y",1\nz,2', null),
    });
    expect((await csv.run()).records).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it("goes on with the first whole line when an earlier attempt had read", async () => {
    const lines = new SourceRun(stdinSource(), {
      attempt: 1,
      stdin: new FedInput().feed("st of a li", "ne\nwhole\n", "end", null),
    });
    expect((await lines.run()).records).toEqual(["whole", "end"]);
    const csv = { columns: ["n"] };
    const rows = new SourceRun(stdinSource({ format: "csv", csv }), {
      attempt: 1,
      stdin: new FedInput().feed("1\n2\n", null),
    });
    expect((await rows.run()).records).toEqual([{ n: "2" }]);
  });

  it("takes no row for a header that an earlier attempt has read", async () => {
    const run = new SourceRun(stdinSource({ format: "csv" }), {
      attempt: 1,
      stdin: new FedInput().feed("1,2\n3,4\n", null),
    });
    await expect(run.run()).rejects.toMatchObject({
      code: "SOURCE_FAILED",
      message: expect.stringContaining("an earlier attempt of the job has read it") as string,
    });
  });

  it("can be closed while it waits", async () => {
    const stdin = new FedInput();
    const run = new SourceRun(stdinSource(), { stdin });
    run.poll();
    await new Promise((resolve) => setImmediate(resolve));
    run.poll();
    await new Promise((resolve) => setImmediate(resolve));
    run.close();
    expect(stdin.closed).toBe(true);
  });

  it("fails on records that never end", async () => {
    const stdin = new FedInput().feed("x".repeat(2000));
    const run = new SourceRun(stdinSource({ maxRecordSize: 1000 }), { stdin });
    await expect(run.run()).rejects.toThrow("standard input: a record is longer than 1000 bytes");
  });

  it("refuses wrong options", () => {
    expect(() => stdinSource({ formt: "lines" } as never)).toThrow(`standard input: unknown option "formt"`);
  });
});
