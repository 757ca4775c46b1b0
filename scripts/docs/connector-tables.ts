import { parquetSource } from "@millrace/connector-parquet";
import {
  asyncIterableSource,
  collectSink,
  createSink,
  createSource,
  discardSink,
  fileSink,
  fileSource,
  generatorSource,
  itemsSource,
  nexmarkSource,
  printSink,
  sequenceSource,
  socketSource,
  stdinSource,
  type Sink,
  type Source,
} from "millrace";
import { markdownTable } from "./markdown-table.ts";

type Described = Pick<Source<unknown>, "boundedness" | "guarantee" | "maxParallelism">;

/** A source of each kind, by how a program writes it: what the table says is read from it. */
export const SOURCES: Readonly<Record<string, Described>> = {
  "fileSource({ path, format })": fileSource({ path: "x", format: "lines" }),
  "fileSource({ path, format, watch: true })": fileSource({ path: "x", format: "lines", watch: true }),
  "parquetSource({ path, schema })": parquetSource({ path: "x" }),
  "stdinSource()": stdinSource(),
  "socketSource({ port })": socketSource({ port: 9999 }),
  "itemsSource(items)": itemsSource([]),
  "asyncIterableSource(open)": asyncIterableSource(async function* () {}),
  "asyncIterableSource(open, { repeatable: true })": asyncIterableSource(async function* () {}, {
    repeatable: true,
  }),
  "sequenceSource(from, to)": sequenceSource(1, 2),
  "generatorSource({ generate })": generatorSource({ generate: (i) => i }),
  "generatorSource({ generate, count })": generatorSource({ generate: (i) => i, count: 1 }),
  "nexmarkSource({ events })": nexmarkSource({ events: 1 }),
  "createSource({ name, read })": createSource({ name: "x", read: () => [] }),
};

/** A sink of each kind. */
export const SINKS: Readonly<Record<string, Pick<Sink<unknown>, "guarantee" | "maxParallelism">>> = {
  "fileSink({ path, format })": fileSink({ path: "x", format: "lines" }),
  "printSink()": printSink(),
  "collectSink(channel)": collectSink("x"),
  "discardSink()": discardSink(),
  "createSink({ name, write })": createSink({ name: "x", write: () => {} }),
};

const readers = (maxParallelism: number | undefined): string =>
  maxParallelism === undefined ? "any number" : String(maxParallelism);

/** What each source is and promises. */
export const sourcesTable = (): string =>
  markdownTable(
    ["source", "input", "after a restore", "useful subtasks"],
    Object.entries(SOURCES).map(([code, source]) => [
      `\`${code}\``,
      source.boundedness,
      source.guarantee,
      readers(source.maxParallelism),
    ]),
  );

/** What each sink promises. */
export const sinksTable = (): string =>
  markdownTable(
    ["sink", "with checkpoints", "useful subtasks"],
    Object.entries(SINKS).map(([code, sink]) => [
      `\`${code}\``,
      sink.guarantee,
      readers(sink.maxParallelism),
    ]),
  );
