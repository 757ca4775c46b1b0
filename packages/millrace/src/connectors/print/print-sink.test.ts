import { describe, expect, it } from "vitest";
import { SinkRun } from "../testing/sink-run.ts";
import { printSink } from "./print-sink.ts";

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function printed<T>(records: readonly T[], options = {}, place = {}): Promise<string> {
  const run = new SinkRun(printSink<T>(options), place);
  await run.write(records);
  await run.finish();
  await run.close();
  return run.printed.map(({ text }) => text).join("");
}

describe("printSink", () => {
  it("prints text as it is and everything else as JSON that people can read", async () => {
    const records = [
      "text",
      7,
      { a: [1n, NaN], m: new Map([["k", new Set([1])]]), d: new Date(0) },
      null,
      undefined,
    ];
    expect(await printed(records)).toBe(
      'text\n7\n{"a":["1","NaN"],"m":{"k":[1]},"d":"1970-01-01T00:00:00.000Z"}\nnull\nundefined\n',
    );
  });

  it("puts a prefix before each line, with the subtask where there are several", async () => {
    expect(await printed(["a", "b"], { prefix: "late" })).toBe("late> a\nlate> b\n");
    expect(await printed(["a"], { prefix: "late" }, { subtask: 1, parallelism: 4 })).toBe("late:2> a\n");
    expect(await printed(["a"], {}, { subtask: 1, parallelism: 4 })).toBe("a\n");
  });

  it("formats records, and prints to standard error when told", async () => {
    const run = new SinkRun(printSink<number>({ stream: "stderr", format: (n) => `<${n}>` }));
    await run.write([1]);
    await run.finish();
    expect(run.printed).toEqual([{ text: "<1>\n", stream: "stderr" }]);
  });

  it("prints whole lines only, soon, many at a time", async () => {
    const run = new SinkRun(printSink());
    await run.write(Array.from({ length: 10_000 }, (_, i) => `line ${i}`));
    await tick();
    expect(run.printed.length).toBeLessThan(10);
    for (const { text } of run.printed) expect(text.endsWith("\n")).toBe(true);
    expect(
      run.printed
        .map(({ text }) => text)
        .join("")
        .split("\n").length,
    ).toBe(10_001);
    await run.close();
  });

  it("takes no more while much is underway", () => {
    let backlog = 2_000_000;
    const run = new SinkRun(printSink(), { backlog: () => backlog });
    expect(run.writer.ready).toBe(false);
    backlog = 10;
    expect(run.writer.ready).toBe(true);
  });

  it("refuses wrong options", () => {
    expect(() => printSink({ stream: "out" as "stdout" })).toThrow("print sink: option stream");
    expect(() => printSink({ prefx: "a" } as never)).toThrow(`unknown option "prefx"`);
  });
});
