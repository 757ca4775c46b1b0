import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyIndex } from "../../common/keys/key-index.ts";
import { jobId, operatorUid } from "../../common/ids/ids.ts";
import { KEY_HASH_VERSION } from "../../common/keys/hash-key.ts";
import { Types } from "../../common/types/types.ts";
import type { StateBytes } from "../../protocol/control/snapshots.ts";
import {
  CHECKPOINT_FORMAT,
  type CheckpointMetadata,
  type OperatorMetadata,
  type SubtaskMetadata,
} from "../../runtime/checkpoint/format/checkpoint-metadata.ts";
import { encodeCoordinatorState } from "../../runtime/checkpoint/format/coordinator-state.ts";
import { encodeOperatorState } from "../../runtime/checkpoint/format/encode-operator-state.ts";
import { OpaqueValue } from "../../runtime/checkpoint/format/keyed/opaque-value.ts";
import { operatorStateMeta } from "../../runtime/checkpoint/format/operator-state.ts";
import {
  element,
  stateMeta,
  valueEntry,
  writePart,
} from "../../runtime/checkpoint/format/testing/write-part.ts";
import type { CapturedEntry, CapturedState } from "../../runtime/state/captured-state.ts";
import { PLAIN_STYLE } from "../terminal/style.ts";
import { describeSavepoint } from "./describe-savepoint.ts";
import { descriptionText } from "./description-text.ts";
import { entryLines, jsonValue } from "./entry-json.ts";
import { readState } from "./read-state.ts";

const inline = (bytes: Uint8Array): StateBytes => ({ kind: "inline", bytes });
const NOTHING: SubtaskMetadata = {
  finished: false,
  keyed: undefined,
  operatorState: undefined,
  splits: undefined,
};
const canonical = (...parts: StateBytes[]): SubtaskMetadata => ({
  ...NOTHING,
  keyed: { kind: "canonical", keyGroups: { start: 0, end: 128 }, parts },
});

const operator = (more: Partial<OperatorMetadata>): OperatorMetadata => ({
  uid: operatorUid("count"),
  uidExplicit: true,
  name: "count",
  kind: "keyedProcess",
  parallelism: 1,
  maxParallelism: 128,
  coordinator: undefined,
  subtasks: [NOTHING],
  ...more,
});

const metadata = (...operators: OperatorMetadata[]): CheckpointMetadata => ({
  format: CHECKPOINT_FORMAT,
  writer: "millrace 0.1.0",
  jobId: jobId(new Uint8Array(16).fill(0xab)),
  jobName: "delays",
  checkpointId: 12,
  triggeredAt: Date.UTC(2026, 10, 22, 16),
  completedAt: Date.UTC(2026, 10, 22, 16) + 1200,
  kind: "savepoint",
  stop: "stop",
  keyHashVersion: KEY_HASH_VERSION,
  operators,
  channels: [],
});

const count = stateMeta({ name: "n", type: Types.int });
const wide = stateMeta({
  name: "windows",
  layout: "tables",
  kind: undefined,
  type: Types.object({ n: Types.int }),
});
const timers = stateMeta({ name: "user-timers", layout: "event-timers", kind: undefined });

/** A savepoint of a source, an operator by key and one without. */
async function sample(): Promise<CheckpointMetadata> {
  const part = await writePart([count, wide, timers], {
    3: {
      entries: [
        valueEntry("ORD", 7),
        valueEntry("JFK", 8),
        { key: "ORD", state: 1, namespace: 3600, value: element({ n: 1 }) },
        {
          key: "ORD",
          state: 2,
          namespace: undefined,
          value: { kind: "timers", timers: [{ time: 99, namespace: "" }] },
        },
      ],
    },
    5: { entries: [valueEntry("SFO", 9)] },
  });
  const rules = encodeOperatorState(operatorUid("rules"), [
    {
      mode: "broadcast",
      meta: operatorStateMeta("limits", "map", Types.int, Types.string),
      elements: [["a", 1]],
    },
    { mode: "split", meta: operatorStateMeta("pending", "list", undefined), elements: ["x", "y"] },
  ]);
  return metadata(
    operator({
      uid: operatorUid("0123456789abcdef0123456789abcdef"),
      uidExplicit: false,
      name: "Source: flights",
      kind: "source",
      settings: { source: "file source" },
      coordinator: inline(encodeCoordinatorState({ left: ["c.csv"] })),
      subtasks: [
        { ...NOTHING, splits: [{ splitId: "a.csv", offset: 12 }] },
        { ...NOTHING, finished: true, splits: [] },
      ],
      parallelism: 2,
    }),
    operator({ subtasks: [canonical(part)] }),
    operator({
      uid: operatorUid("rules"),
      name: "apply rules",
      kind: "broadcastProcess",
      subtasks: [{ ...NOTHING, operatorState: inline(rules) }],
    }),
    operator({ uid: operatorUid("out"), name: "Sink: out", kind: "sink" }),
  );
}

describe("describeSavepoint", () => {
  it("tells operators, states, types, rows, key groups and splits", async () => {
    const described = describeSavepoint(await sample(), "/srv/savepoint-1");
    expect(described).toMatchObject({
      path: "/srv/savepoint-1",
      kind: "savepoint",
      stop: "stop",
      job: "delays",
      checkpointId: 12,
      files: 0,
      inFlight: null,
      operators: [
        { kind: "source", splits: 1, finished: 1, settings: { source: "file source" }, states: [] },
        {
          uid: "count",
          keyKinds: ["string"],
          nativeBackend: null,
          states: [
            {
              name: "n",
              kind: "value",
              layout: "keyed",
              rows: 3,
              rowsExact: true,
              keyGroups: 2,
              type: { kind: "int" },
            },
            { name: "windows", kind: "windows", layout: "tables", rows: 1, keyGroups: 1 },
            { name: "user-timers", kind: "timers", layout: "event-timers", rows: 1 },
          ],
        },
        {
          uid: "rules",
          states: [
            { name: "limits", scope: "operator", mode: "broadcast", rows: 1, keyType: { kind: "string" } },
            { name: "pending", scope: "operator", mode: "split", rows: 2, type: null },
          ],
        },
        { uid: "out", bytes: 0, states: [] },
      ],
    });
    expect(JSON.parse(JSON.stringify(described))).toEqual(described);
  });

  it("shows them in aligned columns", async () => {
    const lines = descriptionText(
      describeSavepoint(await sample(), "/srv/savepoint-1"),
      "/srv",
      PLAIN_STYLE,
    ).split("\n");
    expect(lines.slice(0, 4)).toEqual([
      'savepoint 12 of "delays", stopped with it',
      "  savepoint-1",
      "  taken 2026-11-22 16:00:00 UTC in 1.2 s, by millrace 0.1.0",
      expect.stringMatching(/^ {2}\d\.\d\d kB of state, 0 files besides _metadata; job (ab){16}$/u),
    ]);
    const tables = lines.slice(5).map((line) => line.replace(/[\d.]+ k?B/u, "N B").replace(/ {2,}/gu, " | "));
    expect(tables).toEqual([
      "operator | uid | kind | tasks | finished | splits | key groups | keys | size",
      "Source: flights | 0123456789abcdef0123456789abcdef (generated) | source | 2 | 1 | 1 | - | - | N B",
      "count | count | keyedProcess | 1 | - | - | 128 | string | N B",
      "apply rules | rules | broadcastProcess | 1 | - | - | - | - | N B",
      "Sink: out | out | sink | 1 | - | - | - | - | -",
      "",
      "state | kind | rows | size | key groups | type",
      "count/n | value | 3 | N B | 2 | int",
      "count/windows | windows | 1 | N B | 1 | { n: int }",
      "count/user-timers | event timers | 1 | N B | 1",
      "rules/limits | broadcast map | 1 | N B | - | string to int",
      "rules/pending | split list | 2 | N B | - | undeclared",
    ]);
  });

  it("says how many rows there are at most where changes were written, and of files of a backend only their states", async () => {
    const full = await writePart([count], { 3: { entries: [valueEntry("a", 1), valueEntry("b", 2)] } });
    const changes = await writePart(
      [count],
      { 3: { entries: [valueEntry("a", 5)] } },
      { content: "changes" },
    );
    const header = await writePart([count], {}, { content: "header" });
    const native: SubtaskMetadata = {
      ...NOTHING,
      keyed: {
        kind: "native",
        backend: "rocksdb",
        keyGroups: { start: 0, end: 128 },
        header,
        files: [{ name: "1.sst", bytes: { kind: "file", path: "/x/1.sst", length: 4096 } }],
      },
    };
    const described = describeSavepoint(
      metadata(
        operator({ subtasks: [canonical(full, changes)] }),
        operator({ uid: operatorUid("big"), subtasks: [native] }),
      ),
      "/srv",
    );
    expect(described).toMatchObject({
      files: 1,
      operators: [
        { states: [{ rows: 3, rowsExact: false }] },
        { nativeBackend: "rocksdb", states: [{ name: "n", rows: null, bytes: null }] },
      ],
    });
    expect(descriptionText(described, "/", PLAIN_STYLE)).toContain("count/n  value  <= 3");
  });
});

describe("readState", () => {
  const lines = (of: CheckpointMetadata, address: string): unknown[] =>
    [...readState(of, address)].map((line): unknown => JSON.parse(line));

  it("reads keyed state, windows, timers, operator state, splits and enumerators", async () => {
    const savepoint = await sample();
    expect(lines(savepoint, "count/n")).toEqual([
      { keyGroup: 3, key: "ORD", value: 7 },
      { keyGroup: 3, key: "JFK", value: 8 },
      { keyGroup: 5, key: "SFO", value: 9 },
    ]);
    expect(lines(savepoint, "count/windows")).toEqual([
      { keyGroup: 3, key: "ORD", namespace: 3600, value: { n: 1 } },
    ]);
    expect(lines(savepoint, "count/user-timers")).toEqual([{ keyGroup: 3, key: "ORD", time: 99 }]);
    expect(lines(savepoint, "rules/limits")).toEqual([{ subtask: 0, key: "a", value: 1 }]);
    expect(lines(savepoint, "apply rules/pending")).toEqual([
      { subtask: 0, value: "x" },
      { subtask: 0, value: "y" },
    ]);
    expect(lines(savepoint, "Source: flights/splits")).toEqual([
      { subtask: 0, split: { splitId: "a.csv", offset: 12 } },
    ]);
    expect(lines(savepoint, "Source: flights/enumerator")).toEqual([{ enumerator: { left: ["c.csv"] } }]);
  });

  it("says what there is where there is no such state", async () => {
    const savepoint = await sample();
    expect(() => lines(savepoint, "count/m")).toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        message: 'there is no state "count/m" in it',
        help: expect.stringContaining("Did you mean count/n? It has "),
      }),
    );
    expect(() => lines(metadata(), "a/b")).toThrow(
      expect.objectContaining({ help: "It has no state at all." }),
    );
  });

  it("gives what would be restored, whatever later parts have replaced and removed", async () => {
    const change = fc.record({
      group: fc.constantFrom(1, 2),
      key: fc.constantFrom("a", "b", "c", 1, [1, "x"]),
      value: fc.option(fc.nat(9), { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(change, { maxLength: 8 }), { minLength: 1, maxLength: 4 }),
        async (rounds) => {
          // There is always something: a state without a row is not there.
          const expected = new Map<string, unknown>([["kept", { keyGroup: 9, key: "kept", value: 1 }]]);
          const parts: StateBytes[] = [];
          for (const [round, changes] of rounds.entries()) {
            const groups = new Map<
              number,
              { removals: { state: number; key: unknown }[]; entries: CapturedEntry[] }
            >();
            if (round === 0) groups.set(9, { removals: [], entries: [valueEntry("kept", 1)] });
            // The last word on a key counts, as in a store.
            const last = new Map(
              changes.map((each) => [`${each.group} ${String(keyIndex(each.key))}`, each]),
            );
            for (const [id, { group, key, value }] of last) {
              const content = groups.get(group) ?? { removals: [], entries: [] };
              groups.set(group, content);
              if (value === undefined) {
                expected.delete(id);
                if (round > 0) content.removals.push({ state: 0, key });
              } else {
                expected.set(id, { keyGroup: group, key, value });
                content.entries.push(valueEntry(key, value));
              }
            }
            const content = round === 0 ? "full" : "changes";
            parts.push(await writePart([count], Object.fromEntries(groups), { content }));
          }
          const found = lines(metadata(operator({ subtasks: [canonical(...parts)] })), "count/n");
          const sorted = (entries: Iterable<unknown>): string[] =>
            Array.from(entries, (entry) => JSON.stringify(entry)).toSorted();
          expect(sorted(found)).toEqual(sorted(expected.values()));
        },
      ),
      { numRuns: 60 },
    );
  });

  it("sends to the backend whose files hold it", async () => {
    const native: SubtaskMetadata = {
      ...NOTHING,
      keyed: {
        kind: "native",
        backend: "rocksdb",
        keyGroups: { start: 0, end: 128 },
        header: await writePart([count], {}, { content: "header" }),
        files: [],
      },
    };
    expect(() => lines(metadata(operator({ subtasks: [native] })), "count/n")).toThrow(
      /state "n" of operator "count" \(uid "count"\) stands in files of rocksdb/u,
    );
  });
});

describe("entryLines", () => {
  const linesOf = (value: CapturedState): unknown[] =>
    [...entryLines({ key: 1n, state: 0, namespace: undefined, value }, 2)].map((line): unknown =>
      JSON.parse(line),
    );

  it("has a line for each namespace and timer, and one for a list or map", () => {
    const list: CapturedState = { kind: "list", elements: [element(1), element(2)] };
    expect(linesOf(list)).toEqual([{ keyGroup: 2, key: "1", values: [1, 2] }]);
    expect(linesOf({ kind: "list", elements: [element(1, 50)] })).toEqual([
      { keyGroup: 2, key: "1", values: [1], times: [50] },
    ]);
    expect(
      linesOf({
        kind: "map",
        entries: [
          ["a", element(1)],
          ["b", element(2, 50)],
        ],
      }),
    ).toEqual([
      {
        keyGroup: 2,
        key: "1",
        entries: [
          { key: "a", value: 1 },
          { key: "b", value: 2, time: 50 },
        ],
      },
    ]);
    expect(
      linesOf({
        kind: "namespaces",
        namespaces: [
          ["0:10", list],
          ["10:20", element(3)],
        ],
      }),
    ).toEqual([
      { keyGroup: 2, key: "1", namespace: "0:10", values: [1, 2] },
      { keyGroup: 2, key: "1", namespace: "10:20", value: 3 },
    ]);
    expect(
      linesOf({
        kind: "timers",
        timers: [
          { time: 1, namespace: "" },
          { time: 2, namespace: "w" },
        ],
      }),
    ).toEqual([
      { keyGroup: 2, key: "1", time: 1 },
      { keyGroup: 2, key: "1", namespace: "w", time: 2 },
    ]);
  });

  it("finds a word for what JSON has none for", () => {
    expect(
      jsonValue({
        big: 12n,
        nan: Number.NaN,
        date: new Date(0),
        bytes: Uint8Array.of(1, 2),
        map: new Map<unknown, unknown>([[{ a: 1 }, 2n]]),
        set: new Set(["x"]),
        none: undefined,
        opaque: new OpaqueValue("Money", 2, Uint8Array.of(9)),
        deep: [[-Infinity]],
      }),
    ).toEqual({
      big: "12",
      nan: "NaN",
      date: "1970-01-01T00:00:00.000Z",
      bytes: "AQI=",
      map: [[{ a: 1 }, "2"]],
      set: ["x"],
      none: null,
      opaque: { type: "Money", version: 2, bytes: "CQ==" },
      deep: [["-Infinity"]],
    });
  });
});
