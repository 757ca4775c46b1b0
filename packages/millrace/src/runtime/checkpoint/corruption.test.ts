import { beforeAll, describe, expect, it } from "vitest";
import { seededRandom } from "../../common/clock/random.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { operatorUid } from "../../common/ids/ids.ts";
import { Types } from "../../common/types/types.ts";
import type { CapturedEntry } from "../state/captured-state.ts";
import { decodeCoordinatorState, encodeCoordinatorState } from "./format/coordinator-state.ts";
import { encodeOperatorState } from "./format/encode-operator-state.ts";
import { openKeyedPart } from "./format/open-keyed-part.ts";
import { openOperatorState } from "./format/open-operator-state.ts";
import { operatorStateMeta } from "./format/operator-state.ts";
import { element, entriesOf, stateMeta, valueEntry, writePart } from "./format/testing/write-part.ts";
import { createCheckpointStore } from "./storage/create-checkpoint-store.ts";
import { createStateFiles } from "./storage/create-state-files.ts";
import { loadCheckpoint } from "./storage/load-checkpoint.ts";
import type { StateFiles } from "./storage/state-files.ts";
import { metadataOf, testJob } from "./storage/testing/checkpoint-metadata.ts";
import { MemoryFileSystem } from "./storage/testing/memory-file-system.ts";

/*
 * A checkpoint whose files are damaged in every way that disks and people find: what was read before is read again, or an error names the
 * file. Nothing else.
 */

const STATES = [
  stateMeta({ name: "totals", type: Types.object({ n: Types.int, name: Types.string }) }),
  stateMeta({ name: "seen", kind: "list", ttl: true }),
  stateMeta({ name: "panes", layout: "tables", kind: undefined }),
  stateMeta({ name: "timers", layout: "event-timers", kind: undefined }),
];

const entriesOfKey = (key: number): CapturedEntry[] => [
  valueEntry(key, { n: key, name: `name of ${key}` }, 0),
  {
    key,
    state: 1,
    namespace: undefined,
    value: { kind: "list", elements: [element("a", 1), element({ x: key }, 2)] },
  },
  { ...valueEntry(key, [key, 0.5], 2), namespace: 1000 },
  { key, state: 3, namespace: undefined, value: { kind: "timers", timers: [{ time: key, namespace: "" }] } },
];

/** Key groups 0 to 3 have keys; two of them as many bytes. */
const GROUPS = Object.fromEntries(
  [0, 1, 2, 3].map((group) => [
    group,
    { watermark: group, entries: [10, 11, 12].flatMap((key) => entriesOfKey(group * 20 + key)) },
  ]),
);

/** Records a checkpoint with everything in files; its folder. */
async function record(fileSystem: MemoryFileSystem): Promise<string> {
  const store = createCheckpointStore({
    directory: "/checkpoints",
    savepointDirectory: undefined,
    inlineThreshold: 0,
    fileSystem,
  });
  await store.open(testJob);
  const files = createStateFiles(store.location, { fileSystem });
  const removals = [{ state: 0, key: 5 }];
  const parts = [
    await writePart(STATES, GROUPS, {}, files),
    await writePart(STATES, { 1: { removals, entries: entriesOfKey(31) } }, { content: "changes" }, files),
  ];
  const write = (label: string, bytes: Uint8Array) => {
    const file = files.create(label);
    file.write(bytes);
    return file.close();
  };
  const offsets = operatorStateMeta("offsets", "list", Types.object({ at: Types.int }));
  const metadata = metadataOf(1, parts);
  const [operator] = metadata.operators;
  const completed = await store.record(
    {
      ...metadata,
      operators: [
        {
          ...operator!,
          coordinator: await write("enumerator", encodeCoordinatorState({ left: ["a.csv", "b.csv"] })),
          subtasks: [
            {
              ...operator!.subtasks[0]!,
              operatorState: await write(
                "operator",
                encodeOperatorState(operatorUid("count"), [
                  { mode: "split", meta: offsets, elements: [{ at: 1 }, { at: 2 }] },
                ]),
              ),
              splits: [{ path: "a.csv", at: 5 }],
            },
          ],
        },
      ],
    },
    store.location,
  );
  return completed.path!;
}

/** Everything that a checkpoint holds, as a restore would read it. */
async function readAll(fileSystem: MemoryFileSystem, folder: string): Promise<unknown> {
  const files: StateFiles = createStateFiles({ directory: undefined, inlineThreshold: 0 }, { fileSystem });
  const { metadata } = await loadCheckpoint(folder, fileSystem);
  const { subtasks, coordinator, ...operator } = metadata.operators[0]!;
  const [
    { keyed, operatorState, splits } = { keyed: undefined, operatorState: undefined, splits: undefined },
  ] = subtasks;
  const parts = keyed?.kind === "canonical" ? keyed.parts : [];
  const { channels: _, operators: __, ...head } = metadata;
  return {
    head,
    operator,
    splits,
    coordinator: coordinator && decodeCoordinatorState(files, coordinator),
    operatorState:
      operatorState &&
      openOperatorState(files, operatorState).states.map((state) => [
        state.mode,
        state.header,
        state.elements(undefined),
      ]),
    parts: parts.map((bytes) => {
      const part = openKeyedPart(files, bytes);
      try {
        return readPart(part);
      } finally {
        part.close();
      }
    }),
  };
}

function readPart(part: ReturnType<typeof openKeyedPart>): unknown {
  const groups = [0, 1, 2, 3, 127].map((group) =>
    STATES.map((as, state) => [
      part.watermark(group),
      entriesOf(part, state, group, as),
      entriesOf(part, state, group),
      [...part.removals(state, group)],
      part.size(state, group),
    ]),
  );
  return { header: part.header, keyKinds: part.keyKinds, groups };
}

/** Where the blocks of a file start, and where the last one ends. */
function blockEnds(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const starts = [16];
  for (let at = 16; at < bytes.length - 24; starts.push(at)) at += 16 + view.getUint32(at, true);
  return starts;
}

/** The file with two blocks in each other's place. */
function swapped(bytes: Uint8Array, first: number, second: number): Uint8Array {
  const ends = blockEnds(bytes);
  const block = (i: number): Uint8Array => bytes.subarray(ends[i], ends[i + 1]);
  return Buffer.concat([
    bytes.subarray(0, ends[first]),
    block(second),
    bytes.subarray(ends[first + 1], ends[second]),
    block(first),
    bytes.subarray(ends[second + 1]),
  ]);
}

describe("a damaged checkpoint", () => {
  const fileSystem = new MemoryFileSystem();
  const random = seededRandom(20);
  const below = (limit: number): number => Math.floor(random.next() * limit);
  let folder = "";
  let whole: unknown;
  let paths: string[] = [];

  beforeAll(async () => {
    folder = await record(fileSystem);
    whole = await readAll(fileSystem, folder);
    // Who owns the folder is told by the file's name; nothing is read from it that a restore needs.
    paths = fileSystem.files().filter((path) => !/\/owner-\d+$/u.test(path));
  });

  /** Reads the checkpoint with a file changed; what is wrong with the outcome, if anything. */
  async function problemWith(path: string, bytes: Uint8Array | undefined): Promise<string | undefined> {
    const before = fileSystem.exchange(path, bytes);
    try {
      const read = await readAll(fileSystem, folder);
      const harmless = bytes !== undefined && Buffer.compare(bytes, before) === 0;
      expect(read).toStrictEqual(whole);
      return harmless ? undefined : "it was not noticed";
    } catch (error) {
      if (!MillraceError.is(error)) return `it threw ${String(error)}`;
      const missing = path.endsWith("_metadata") && bytes === undefined;
      if (error.code !== (missing ? "SAVEPOINT_NOT_FOUND" : "CHECKPOINT_CORRUPT"))
        return `it threw ${error.message}`;
      return missing || error.message.includes(path) ? undefined : `${error.message} does not name the file`;
    } finally {
      fileSystem.exchange(path, before);
    }
  }

  /** Tries every damage in every file; the problems. */
  async function problems(
    damages: (bytes: Uint8Array) => Iterable<Uint8Array | undefined>,
  ): Promise<string[]> {
    const found: string[] = [];
    for (const path of paths) {
      const bytes = fileSystem.bytesOf(path);
      let number = 0;
      for (const damaged of damages(bytes)) {
        const problem = await problemWith(path, damaged);
        if (problem !== undefined) found.push(`${path}, damage ${number}: ${problem}`);
        number++;
      }
      expect(number).toBeGreaterThan(0);
    }
    return found.slice(0, 10);
  }

  /** Positions at both ends of a file, and some in between. */
  function* positions(length: number): Generator<number> {
    for (let at = 0; at < 48; at++) yield* [at, length - 1 - at];
    for (let i = 0; i < 60; i++) yield below(length);
  }

  it("has files to be damaged", () => {
    expect(paths.length).toBe(5);
    expect(paths.filter((path) => path.endsWith("/_metadata"))).toHaveLength(1);
    expect(whole).toMatchObject({ coordinator: { left: ["a.csv", "b.csv"] }, parts: [{}, {}] });
  });

  it("is found out when a bit is flipped", async () => {
    const found = await problems(function* (bytes) {
      for (const at of positions(bytes.length)) {
        const damaged = bytes.slice();
        damaged[at]! ^= 1 << below(8);
        yield damaged;
      }
    });
    expect(found).toEqual([]);
  });

  it("is found out when a range is overwritten", async () => {
    const found = await problems(function* (bytes) {
      for (const value of [0, 0xff]) {
        yield bytes.slice().fill(value);
        for (const length of [1, 2, 7, 16, 100, 5000]) {
          for (let i = 0; i < 12; i++) {
            const at = below(bytes.length);
            yield bytes.slice().fill(value, at, Math.min(at + length, bytes.length));
          }
        }
      }
    });
    expect(found).toEqual([]);
  });

  it("is found out when it was cut, or goes on", async () => {
    const found = await problems(function* (bytes) {
      for (const at of positions(bytes.length)) yield bytes.slice(0, at);
      for (const at of positions(bytes.length)) yield bytes.slice(at + 1);
      for (const more of [1, 16, 40]) yield Buffer.concat([bytes, new Uint8Array(more)]);
      yield Buffer.concat([bytes, bytes]);
    });
    expect(found).toEqual([]);
  });

  it("is found out when blocks were swapped, doubled or left out", async () => {
    const found = await problems(function* (bytes) {
      const ends = blockEnds(bytes);
      const blocks = ends.length - 1;
      for (let first = 0; first < blocks; first++) {
        for (let second = first + 1; second < blocks; second += 1 + below(3))
          yield swapped(bytes, first, second);
        yield Buffer.concat([bytes.subarray(0, ends[first]), bytes.subarray(ends[first + 1])]);
        yield Buffer.concat([bytes.subarray(0, ends[first + 1]), bytes.subarray(ends[first])]);
      }
    });
    expect(found).toEqual([]);
  });

  it("is found out when a file is missing, empty, or another one", async () => {
    const found = await problems(function* (bytes) {
      yield undefined;
      yield new Uint8Array(0);
      for (const path of paths) {
        const other = fileSystem.bytesOf(path);
        if (other.length !== bytes.length) yield other;
      }
      yield new Uint8Array(bytes.length);
    });
    expect(found).toEqual([]);
  });
});
