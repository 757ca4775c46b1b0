import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tempFolder } from "../../common/testing/temp-folder.ts";
import { fileSinkOn, type AnyFileSinkOptions, type FileSink } from "./file-sink.ts";
import type { Death, Moment, MortalParts } from "./testing/mortal-parts.ts";
import { SinkHistory, type Attempt } from "./testing/sink-history.ts";

type Settings = Omit<AnyFileSinkOptions<string>, "path" | "format">;

const records = Array.from({ length: 24 }, (_, i) => `record ${i}`);

/** Parts in progress over several checkpoints; parts that are full; parts in directories of their own; gzipped ones. */
const SETTINGS: Readonly<Record<string, Settings>> = {
  "parts in progress": {},
  "full parts": { rolling: { maxSize: 25 } },
  buckets: { bucket: (record) => `third-${record.length % 3}`, maxOpenParts: 2 },
  "gzipped parts": { compression: "gzip", rolling: { maxSize: 60 } },
};

const files = (path: string): string[] =>
  existsSync(path)
    ? readdirSync(path, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
    : [];

const isHidden = (path: string): boolean => basename(path).startsWith(".");

/** What readers of the directory see. */
const visible = (path: string): string[] =>
  files(path)
    .filter((file) => !isHidden(file))
    .flatMap((file) => {
      const bytes = readFileSync(file);
      return (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString().split("\n").slice(0, -1);
    });

/** Runs the attempts, and one more without a death; each record must be seen once in the end, and none too early. */
async function expectExactlyOnce(settings: Settings, attempts: readonly Attempt[]): Promise<number> {
  using dir = tempFolder();
  const path = join(dir.path, "out");
  const sinkOn = (storage: MortalParts): FileSink<string> =>
    fileSinkOn(storage, { ...settings, path, format: "lines" });
  const history = new SinkHistory(sinkOn, records, 7);
  for (const attempt of attempts) {
    if (await history.run(attempt)) break;
    const seen = visible(path);
    expect(new Set(seen).size).toBe(seen.length);
    expect(history.recorded).toEqual(expect.arrayContaining(seen));
  }
  await history.run({ parallelism: 2, deaths: [], powerLoss: false });
  expect(visible(path).sort()).toEqual([...records].sort());
  // What dead attempts have left is removed, too.
  expect(files(path).filter(isHidden)).toEqual([]);
  await expect.poll(() => dir.openFiles()).toBe(0);
  return history.steps;
}

const MOMENTS: readonly Moment[] = ["before", "within", "after"];

describe.each(Object.entries(SETTINGS))("file sink, %s", (_, settings) => {
  it.each([false, true])(
    "shows each record once, at whatever step its process dies; power lost: %s",
    async (powerLoss) => {
      const steps = await expectExactlyOnce(settings, []);
      for (let step = 1 + (powerLoss ? 1 : 0); step <= steps; step += steps < 100 ? 1 : 3) {
        const moment = MOMENTS[step % MOMENTS.length]!;
        await expectExactlyOnce(settings, [{ parallelism: 1, deaths: [{ step, moment }], powerLoss }]);
      }
    },
  );

  it("shows each record once, however often it dies, at any parallelism", async () => {
    const death: fc.Arbitrary<Death | undefined> = fc.option(
      fc.record({ step: fc.integer({ min: 1, max: 60 }), moment: fc.constantFrom(...MOMENTS) }),
      { nil: undefined },
    );
    const attempt = fc.record({
      parallelism: fc.integer({ min: 1, max: 3 }),
      deaths: fc.array(death, { minLength: 1, maxLength: 3 }),
      powerLoss: fc.boolean(),
      graceful: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(attempt, { maxLength: 5 }), async (attempts) => {
        await expectExactlyOnce(settings, attempts);
      }),
      { numRuns: 12 },
    );
  });
});
