import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll } from "vitest";
import { Types } from "../../common/types/types.ts";
import { sourceSuite } from "../testing/source-suite.ts";
import { tempFolder } from "../../common/testing/temp-folder.ts";
import { fileSource } from "./file-source.ts";

const dir = tempFolder();
afterAll(() => dir[Symbol.dispose]());

const flights = Array.from({ length: 120 }, (_, i) => ({
  date: i * 1000,
  delay: i % 7,
  origin: `A${i % 5}`,
}));
const Flight = Types.object({ date: Types.timestamp, delay: Types.int, origin: Types.string });
const csv = flights.map((f) => `${f.date},${f.origin},${f.delay}`);
const quoted = flights.map((f) => `${f.date},"${f.origin}\nx""y",${f.delay}`);
const withBreaks = flights.map((f) => ({ ...f, origin: `${f.origin}\nx"y` }));

dir.write("flights.jsonl", flights.map((f) => JSON.stringify(f)).join("\n"));
dir.write("flights.csv", `date,origin,delay\r\n${csv.join("\r\n")}\r\n`);
dir.write("quoted.csv", `date,origin,delay\n${quoted.join("\n")}\n`);
dir.write("quoted.csv.gz", gzipSync(`date,origin,delay\n${quoted.join("\n")}`));

const openHandles = (): number => dir.openFiles();
const path = (name: string): string => join(dir.path, name);

sourceSuite({
  name: "JSON lines",
  create: () => fileSource({ path: path("flights.jsonl"), format: "jsonl", schema: Flight, splitSize: 500 }),
  expected: flights,
  openHandles,
});
sourceSuite({
  name: "CSV in ranges",
  create: () =>
    fileSource({
      path: path("flights.csv"),
      format: "csv",
      schema: Flight,
      csv: { multiline: false },
      splitSize: 400,
    }),
  expected: flights,
  openHandles,
});
sourceSuite({
  name: "CSV with quotes",
  create: () => fileSource({ path: path("quoted.csv"), format: "csv", schema: Flight }),
  expected: withBreaks,
  openHandles,
});
sourceSuite({
  name: "CSV with quotes, gzipped",
  create: () => fileSource({ path: path("quoted.csv.gz"), format: "csv", schema: Flight }),
  expected: withBreaks,
  openHandles,
});
