import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { DataStream } from "../api/streams/streams.ts";
import type { StreamExecutionEnvironment } from "../api/environment/stream-execution-environment.ts";
import type { JobClient } from "../api/executor.ts";
import type { Source } from "../common/connector/source.ts";
import { MillraceError } from "../common/errors/millrace-error.ts";
import type { Infer } from "../common/types/infer-types.ts";
import { Types } from "../common/types/types.ts";
import { WatermarkStrategy } from "../common/watermarks/watermark-strategy.ts";
import { TumblingEventTimeWindows } from "../common/windows/tumbling-windows.ts";
import { createEnvironment } from "../root/create-environment.ts";
import { createSource } from "./custom/create-source.ts";
import { sourceRecord } from "./custom/source-record.ts";
import { fileSink } from "./file-sink/file-sink.ts";
import { fileSource } from "./files/file-source.ts";
import { generatorSource } from "./generator/generator-source.ts";
import { tempFolder, type TempFolder } from "../common/testing/temp-folder.ts";

const Reading = Types.object({ at: Types.int, key: Types.string, n: Types.int });
type Reading = Infer<typeof Reading>;

const COUNT = 900;
const WINDOW = 20;
const reading = (i: number): Reading => ({ at: i, key: `key ${i % 7}`, n: i % 10 });
const readings = Array.from({ length: COUNT }, (_, i) => reading(i));

/** Files whose readings follow one another in time, as the source reads them. */
function files(dir: TempFolder, packed: boolean): string {
  for (let file = 0; file < 9; file++) {
    const lines = readings.slice(file * 100, (file + 1) * 100).map((r) => JSON.stringify(r));
    const text = `${lines.join("\n")}\n`;
    dir.write(`in/${file}.jsonl${packed ? ".gz" : ""}`, packed ? gzipSync(text) : text);
  }
  return join(dir.path, "in");
}

/** Sources that can seek. */
const SOURCES: Readonly<Record<string, (dir: TempFolder) => Source<Reading, never, never>>> = {
  "files in ranges": (dir) =>
    fileSource({
      path: files(dir, false),
      format: "jsonl",
      schema: Reading,
      splitSize: 1500,
    }) as unknown as Source<Reading, never, never>,
  "gzipped files": (dir) =>
    fileSource({ path: files(dir, true), format: "jsonl", schema: Reading }) as unknown as Source<
      Reading,
      never,
      never
    >,
  "a generator": () =>
    generatorSource({ count: COUNT, generate: reading, schema: Reading }) as unknown as Source<
      Reading,
      never,
      never
    >,
  "partitions of one's own": () =>
    createSource({
      name: "partitions",
      boundedness: "bounded",
      schema: Reading,
      splits: () => Array.from({ length: 5 }, (_, i) => ({ splitId: String(i) })),
      read: async function* ({ splitId }, position: number | undefined) {
        for (let i = position ?? Number(splitId); i < COUNT; i += 5) {
          if (i % 25 === 0) await new Promise((resolve) => setImmediate(resolve));
          yield i % 3 === 0 ? sourceRecord(reading(i), { position: i + 5 }) : reading(i);
        }
      },
    }) as unknown as Source<Reading, never, never>,
};

/** Every window's sum, by plain code. */
function expectedSums(): readonly string[] {
  const sums = new Map<string, number>();
  for (const { at, key, n } of readings) {
    const name = `${key} until ${(Math.floor(at / WINDOW) + 1) * WINDOW}`;
    sums.set(name, (sums.get(name) ?? 0) + n);
  }
  return [...sums].map(([name, sum]) => `${name}: ${sum}`).sort();
}

/** Counts down the failures that are still to come; functions of inline jobs are closures. */
class Trouble {
  readonly #at: Set<number>;
  /** Records that have passed, those that came again counted each time. */
  passed = 0;

  constructor(at: readonly number[]) {
    this.#at = new Set(at);
  }

  pass(record: Reading): Reading {
    this.passed++;
    if (this.#at.delete(record.at)) throw new RangeError(`trouble at ${record.at}`);
    return record;
  }
}

/** Sums by window and key, slowly enough for checkpoints, into files. */
function sums(source: DataStream<Reading>, trouble: Trouble, out: string): void {
  source
    .asyncMap(
      async (record) => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        return record;
      },
      { capacity: 3 },
    )
    .uid("slow")
    .map((record) => trouble.pass(record))
    .keyBy((record) => record.key)
    .window(TumblingEventTimeWindows.of(WINDOW))
    .aggregate(
      (a) => a.sum((record: Reading) => record.n),
      (key, window, sum) => `${key} until ${window.end}: ${sum}`,
    )
    .uid("sums")
    .sinkTo(fileSink({ path: out, format: "lines", rolling: { maxSize: 400 } }))
    .uid("out");
}

const environment = (parallelism: number, path: string | undefined): StreamExecutionEnvironment =>
  createEnvironment({
    parallelism,
    config: {
      "execution.checkpointing.interval": 15,
      "pipeline.auto-watermark-interval": 5,
      "pipeline.object-freeze": true,
      "restart-strategy.type": "fixed-delay",
      "restart-strategy.fixed-delay.attempts": 10,
      "restart-strategy.fixed-delay.delay": 1,
    },
    ...(path === undefined ? {} : { restore: { path } }),
    log: () => {},
  });

/** Stops a job with a savepoint, also when it fails just then. */
async function stopped(client: JobClient, directory: string): Promise<string> {
  for (;;) {
    try {
      return await client.stopWithSavepoint({ directory });
    } catch (error) {
      if (!MillraceError.is(error, "CHECKPOINT_FAILED")) throw error;
    }
  }
}

const visible = (out: string): string[] =>
  existsSync(out)
    ? readdirSync(out)
        .filter((name) => !name.startsWith("."))
        .flatMap((name) => readFileSync(join(out, name), "utf8").trimEnd().split("\n"))
        .sort()
    : [];

describe("a job that sums readings by event time", () => {
  it.each(Object.entries(SOURCES))(
    "gives each sum once through failures, savepoints and other parallelisms: %s",
    async (_, create) => {
      using dir = tempFolder();
      const out = join(dir.path, "out");
      const source = create(dir);
      const watermarks = WatermarkStrategy.forMonotonousTimestamps<Reading>().withTimestamps((r) => r.at);
      const trouble = new Trouble([90, 333, 700]);
      let savepoint: string | undefined;
      for (const parallelism of [2, 1, 3]) {
        const env = environment(parallelism, savepoint);
        sums(env.fromSource(source, watermarks, "readings").uid("readings"), trouble, out);
        const client = await env.executeAsync("sums");
        if (parallelism === 3) {
          await client.result();
          break;
        }
        // Somewhere in the middle, wherever that is.
        const until = trouble.passed + COUNT / 4;
        await expect.poll(() => trouble.passed, { interval: 2 }).toBeGreaterThan(until);
        savepoint = await stopped(client, join(dir.path, "savepoints"));
        await client.result();
        expect(expectedSums()).toEqual(expect.arrayContaining(visible(out)));
      }
      expect(visible(out)).toEqual(expectedSums());
    },
  );
});
