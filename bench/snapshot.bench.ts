/*
 * The canonical form of keyed state alone, in one thread: M entries/s written and read, in memory, by kind of state; bytes of an entry; the
 * same to a disk. Run it: `npx node bench/snapshot.bench.ts`. Nothing is asserted: machines differ, trust the ratios.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { operatorUid } from "../packages/millrace/src/common/ids/ids.ts";
import { Types } from "../packages/millrace/src/common/types/types.ts";
import type { StateBytes } from "../packages/millrace/src/protocol/control/snapshots.ts";
import { createKeyedPartWriter } from "../packages/millrace/src/runtime/checkpoint/format/create-keyed-part-writer.ts";
import { openKeyedPart } from "../packages/millrace/src/runtime/checkpoint/format/open-keyed-part.ts";
import { createStateFiles } from "../packages/millrace/src/runtime/checkpoint/storage/create-state-files.ts";
import type { StateFiles } from "../packages/millrace/src/runtime/checkpoint/storage/state-files.ts";
import type {
  CapturedElement,
  CapturedEntry,
  CapturedState,
  StateMeta,
} from "../packages/millrace/src/runtime/state/captured-state.ts";
import { median, printReport, type Report } from "./report.ts";

const KEYS = 1_000_000;
const KEY_GROUPS = 128;
const ROUNDS = 5;
/** Bytes underway at which the writer waits for the disk. */
const BACKLOG = 4 * 1024 * 1024;

const inMemory = createStateFiles({ directory: undefined, inlineThreshold: 0 });

/** A state, and what it holds for the i-th key. */
interface Subject {
  readonly name: string;
  readonly meta: StateMeta;
  readonly keys: number;
  readonly keyOf: (i: number) => unknown;
  readonly stateOf: (i: number) => CapturedState;
}

const element = (value: unknown): CapturedElement => ({ kind: "element", value, time: undefined });
const totals = (i: number): CapturedElement => element({ n: i, sum: 2 * i });
const metaOf = (settings: Partial<StateMeta>): StateMeta => ({
  name: "totals",
  layout: "keyed",
  kind: "value",
  ttl: false,
  keyType: undefined,
  type: undefined,
  ...settings,
});

const typed = Types.object({ n: Types.int, sum: Types.int }) as StateMeta["type"] & {};
const int = (i: number): unknown => i;
const string = (i: number): unknown => `user-${i}`;
const ten = Array.from({ length: 10 }, (_, i) => i);

const SUBJECTS: readonly Subject[] = [
  { name: "typed objects, int keys", meta: metaOf({ type: typed }), keys: KEYS, keyOf: int, stateOf: totals },
  {
    name: "typed objects, string keys",
    meta: metaOf({ type: typed }),
    keys: KEYS,
    keyOf: string,
    stateOf: totals,
  },
  { name: "objects of a shape, int keys", meta: metaOf({}), keys: KEYS, keyOf: int, stateOf: totals },
  { name: "numbers, string keys", meta: metaOf({}), keys: KEYS, keyOf: string, stateOf: element },
  {
    name: "tables of objects, int keys",
    meta: metaOf({ layout: "tables", kind: undefined }),
    keys: KEYS,
    keyOf: int,
    stateOf: totals,
  },
  {
    name: "timers, int keys",
    meta: metaOf({ layout: "event-timers", kind: undefined }),
    keys: KEYS,
    keyOf: int,
    stateOf: (i) => ({ kind: "timers", timers: [{ time: 1e12 + i, namespace: "" }] }),
  },
  {
    name: "lists of 10 numbers",
    meta: metaOf({ kind: "list" }),
    keys: KEYS / 10,
    keyOf: int,
    stateOf: () => ({ kind: "list", elements: ten.map(element) }),
  },
  {
    name: "maps of 10 numbers",
    meta: metaOf({ kind: "map" }),
    keys: KEYS / 10,
    keyOf: int,
    stateOf: () => ({ kind: "map", entries: ten.map((i) => [`name-${i}`, element(i)]) }),
  },
];

async function write(
  files: StateFiles,
  meta: StateMeta,
  entries: readonly CapturedEntry[],
): Promise<StateBytes> {
  const writer = createKeyedPartWriter(
    files,
    {
      operator: operatorUid("bench"),
      maxParallelism: KEY_GROUPS,
      keyHashVersion: 1,
      keyGroups: { start: 0, end: KEY_GROUPS },
      content: "full",
    },
    [meta],
    "bench",
  );
  const share = Math.ceil(entries.length / KEY_GROUPS);
  for (let group = 0; group < KEY_GROUPS; group++) {
    writer.keyGroup(group, 0);
    for (let i = group * share; i < Math.min(entries.length, (group + 1) * share); i++)
      writer.entry(entries[i]!);
    if (writer.backlog > BACKLOG) await writer.drained();
  }
  return writer.finish();
}

function read(files: StateFiles, meta: StateMeta, bytes: StateBytes): number {
  const part = openKeyedPart(files, bytes);
  let count = 0;
  for (let group = 0; group < KEY_GROUPS; group++) for (const _ of part.entries(0, group, meta)) count++;
  part.close();
  return count;
}

/** Milliseconds of writing and of reading, by round, and the bytes written. */
async function measure(
  files: StateFiles,
  meta: StateMeta,
  entries: readonly CapturedEntry[],
): Promise<{ writing: number; reading: number; bytes: number }> {
  const writing: number[] = [];
  const reading: number[] = [];
  let bytes = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    const written = await write(files, meta, entries);
    const middle = performance.now();
    read(files, meta, written);
    reading.push(performance.now() - middle);
    writing.push(middle - start);
    bytes = written.kind === "file" ? written.length : written.bytes.length;
  }
  return { writing: median(writing), reading: median(reading), bytes };
}

/** Runs the benchmark; `report` gets the median of each measurement. */
export async function run(report: Report): Promise<void> {
  for (const { name, meta, keys, keyOf, stateOf } of SUBJECTS) {
    const entries = Array.from({ length: keys }, (_, i): CapturedEntry => ({
      key: keyOf(i),
      state: 0,
      namespace: meta.layout === "tables" ? 0 : undefined,
      value: stateOf(i),
    }));
    const { writing, reading, bytes } = await measure(inMemory, meta, entries);
    report(`write ${name}`, keys / 1000 / writing, "M/s");
    report(`read ${name}`, keys / 1000 / reading, "M/s");
    report(name, bytes / keys, "bytes");
  }
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-"));
  try {
    const { meta, stateOf } = SUBJECTS[1]!;
    const entries = Array.from({ length: KEYS }, (_, i) => ({
      key: `user-${i}`,
      state: 0,
      namespace: undefined,
      value: stateOf(i),
    }));
    const files = createStateFiles({ directory: folder, inlineThreshold: 0 });
    const { writing, reading, bytes } = await measure(files, meta, entries);
    report("a million typed objects to a synced file", writing, "ms");
    report("... and back", reading, "ms");
    report("... its length", bytes / 1e6, "MB");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (import.meta.main) await run(printReport);
