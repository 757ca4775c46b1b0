import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { afterAll, describe, expect, it } from "vitest";
import { repository, runExample } from "./run-example.ts";

const DAY = 86_400_000;
const FLIGHTS = join(repository, "node_modules/vega-datasets/data/flights-3m.parquet");

interface DailyDelay {
  readonly airport: string;
  readonly day: number;
  readonly flights: number;
  readonly delay: number;
}

/** Every airport's average of every day, computed without Millrace; by `airport day`. */
async function dailyDelays(): Promise<ReadonlyMap<string, DailyDelay>> {
  const sums = new Map<string, { airport: string; day: number; flights: number; sum: number }>();
  const file = await asyncBufferFromFile(FLIGHTS);
  const metadata = await parquetMetadataAsync(file);
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const rows = await parquetReadObjects({
      file,
      metadata,
      rowStart,
      rowEnd,
      columns: ["date", "delay", "origin"],
      compressors: { ZSTD: (input) => zstdDecompressSync(input) },
    });
    rowStart = rowEnd;
    for (const row of rows as { date: Date; delay: bigint; origin: string }[]) {
      const day = Math.floor(row.date.getTime() / DAY) * DAY;
      const key = `${row.origin} ${day}`;
      const known = sums.get(key) ?? { airport: row.origin, day, flights: 0, sum: 0 };
      sums.set(key, known);
      known.flights++;
      known.sum += Number(row.delay);
    }
  }
  return new Map(
    [...sums].map(([key, { airport, day, flights, sum }]) => [
      key,
      { airport, day, flights, delay: sum / flights },
    ]),
  );
}

describe("examples/flight-delays.ts", () => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-flights-"));

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it(
    "finds the averages of all days and airports, and the worst of each day",
    { timeout: 600_000 },
    async () => {
      const output = join(folder, "daily");
      const run = await runExample("flight-delays", {
        parallelism: 2,
        args: ["--output", output, "--top", "3"],
      });
      expect([run.code, run.err]).toEqual([0, expect.stringContaining("FINISHED")]);

      const expected = await dailyDelays();
      const files = globSync("*.jsonl", { cwd: output });
      const written = files.flatMap((file) => readFileSync(join(output, file), "utf8").trimEnd().split("\n"));
      const got = written.map((line) => JSON.parse(line) as DailyDelay);
      expect(got).toHaveLength(39_952);
      expect(new Map(got.map((it) => [`${it.airport} ${it.day}`, it]))).toEqual(expected);

      const worst = Map.groupBy(
        [...expected.values()].filter(({ flights }) => flights >= 50),
        ({ day }) => day,
      );
      const days = [...worst].sort(([a], [b]) => a - b).map(([, airports]) => airports);
      expect(run.lines.map((line) => line.match(/[A-Z]{3} +-?[\d.]+ min/gu))).toEqual(
        days.map((airports) =>
          airports
            .toSorted((a, b) => b.delay - a.delay)
            .slice(0, 3)
            .map(({ airport, delay }) => `${airport} ${delay.toFixed(1).padStart(5)} min`),
        ),
      );
    },
  );
});
