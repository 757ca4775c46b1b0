import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Types } from "../../../common/types/types.ts";
import type { CapturedElement, CapturedEntry, CapturedState, StateMeta } from "../../state/captured-state.ts";
import { createStateFiles } from "../storage/create-state-files.ts";
import { tempFolder } from "../../../common/testing/temp-folder.ts";
import { createKeyedPartWriter } from "./create-keyed-part-writer.ts";
import { stateMetaOf } from "./keyed/state-header.ts";
import { openKeyedPart } from "./open-keyed-part.ts";
import { keys, record, STATE_SUBJECTS } from "./testing/state-subjects.ts";
import { element, entriesOf, inMemory, stateMeta, valueEntry, writePart } from "./testing/write-part.ts";

const list = (values: readonly unknown[]): CapturedElement[] => values.map((value) => element(value));

const namespaces = (...lists: readonly (readonly [string, CapturedElement[]])[]): CapturedState => ({
  kind: "namespaces",
  namespaces: lists.map(([name, elements]) => [name, { kind: "list", elements }]),
});

describe("keyed parts", () => {
  describe.each(STATE_SUBJECTS.map((subject) => [subject.meta.name, subject] as const))(
    "%s",
    (_, { meta, states, namespaces }) => {
      const entries = fc.array(
        record({ key: keys, value: states, namespace: namespaces ?? fc.constant(undefined) }).map(
          (entry): CapturedEntry => ({ ...entry, state: 0 }),
        ),
        { maxLength: 8 },
      );

      it("come back as they were written, with their program and without", async () => {
        await fc.assert(
          fc.asyncProperty(entries, entries, async (first, second) => {
            const bytes = await writePart([meta], { 3: { entries: first }, 77: { entries: second } });
            const part = openKeyedPart(inMemory, bytes);
            for (const as of [meta, undefined]) {
              expect(entriesOf(part, 0, 3, as)).toStrictEqual(first);
              expect(entriesOf(part, 0, 77, as)).toStrictEqual(second);
              expect(entriesOf(part, 0, 4, as)).toEqual([]);
            }
            part.close();
          }),
          { numRuns: 12 },
        );
      });
    },
  );

  it("keep many states apart, over many blocks", async () => {
    const metas = STATE_SUBJECTS.map(({ meta }) => meta);
    const long = "x".repeat(1000);
    const states = [stateMeta({ name: "a" }), stateMeta({ name: "b", type: Types.string }), ...metas];
    const entries = Array.from({ length: 500 }, (_, i) => [
      valueEntry(i, { i, long }),
      valueEntry(i, `${i}${long}`, 1),
    ]).flat();
    const part = openKeyedPart(inMemory, await writePart(states, { 5: { entries } }));
    expect(part.size(0, 5).rows).toBe(500);
    expect(part.size(0, 5).bytes).toBeGreaterThan(500_000);
    expect([...part.blocks(0, 5)].length).toBeGreaterThan(5);
    expect(part.size(0, 6)).toEqual({ bytes: 0, rows: 0 });
    for (const state of [0, 1])
      expect(entriesOf(part, state, 5, states[state])).toEqual(
        entries.filter((entry) => entry.state === state),
      );
    expect(part.keyKinds).toEqual(["number"]);
  });

  it("hold lists and values larger than a block", async () => {
    const value = { text: "\u00e4\u{1f600}".repeat(100_000), bytes: new Uint8Array(300_000).fill(3) };
    const elements = Array.from({ length: 20_000 }, (_, i) => element(`element ${i}`));
    const states = [stateMeta(), stateMeta({ name: "list", kind: "list" })];
    const entries: CapturedEntry[] = [
      valueEntry("k", value),
      valueEntry("l", 1),
      { key: "k", state: 1, namespace: undefined, value: { kind: "list", elements } },
      { key: "l", state: 1, namespace: undefined, value: { kind: "list", elements: elements.slice(0, 1) } },
    ];
    const part = openKeyedPart(inMemory, await writePart(states, { 0: { entries } }));
    expect([...entriesOf(part, 0, 0), ...entriesOf(part, 1, 0)]).toEqual(entries);
  });

  it("say what they are", async () => {
    const type = Types.object({ n: Types.int });
    const states = [
      stateMeta({ name: "m", kind: "map", keyType: Types.string, type, ttl: true }),
      stateMeta({ name: "timers", layout: "event-timers", kind: undefined }),
    ];
    const bytes = await writePart(
      states,
      {
        10: { watermark: 5 },
        11: { watermark: 5 },
        12: { watermark: Infinity },
        13: {},
        15: { watermark: 0.5 },
      },
      { keyGroups: { start: 10, end: 20 }, content: "header" },
    );
    const part = openKeyedPart(inMemory, bytes);
    expect(part.header).toStrictEqual({
      operator: "totals",
      maxParallelism: 128,
      keyHashVersion: 1,
      keyGroups: { start: 10, end: 20 },
      content: "header",
      states: [
        {
          name: "m",
          layout: "keyed",
          kind: "map",
          ttl: true,
          keyType: { kind: "string" },
          type: { kind: "object", fields: [{ name: "n", type: { kind: "int" }, optional: false }] },
        },
        {
          name: "timers",
          layout: "event-timers",
          kind: undefined,
          ttl: false,
          keyType: undefined,
          type: undefined,
        },
      ],
    });
    const watermarks = [9, 10, 11, 12, 13, 14, 15, 16].map((group) => part.watermark(group));
    expect(watermarks).toEqual([-Infinity, 5, 5, Infinity, -Infinity, -Infinity, 0.5, -Infinity]);
    expect(part.keyKinds).toEqual([]);
  });

  it("of changes tell what is gone, tables' namespaces and emptied lists included", async () => {
    const states = [
      stateMeta({ kind: "list" }),
      stateMeta({ name: "tables", layout: "tables", kind: undefined }),
    ];
    const empty: CapturedEntry = {
      key: ["c", 1],
      state: 0,
      namespace: undefined,
      value: { kind: "list", elements: [] },
    };
    const removals = [
      { state: 0, key: "a" },
      { state: 0, key: 7n },
      { state: 1, key: "a", namespace: 10 },
      { state: 1, key: "a", namespace: 20 },
    ];
    const groups = {
      8: { removals, entries: [empty, valueEntry("d", 1, 1)] },
      9: { removals: removals.slice(0, 1) },
    };
    const part = openKeyedPart(inMemory, await writePart(states, groups, { content: "changes" }));
    expect([...part.removals(0, 8)]).toEqual(
      ["a", 7n, ["c", 1]].map((key) => ({ key, namespace: undefined })),
    );
    expect([...part.removals(1, 8)]).toEqual([10, 20].map((namespace) => ({ key: "a", namespace })));
    expect([...part.removals(0, 9)]).toEqual([{ key: "a", namespace: undefined }]);
    expect([...part.removals(1, 9)]).toEqual([]);
    expect(entriesOf(part, 0, 8)).toEqual([]);
    expect(part.size(1, 8).rows).toBe(1);
    expect(part.keyKinds).toEqual(["string", "array"]);
    const full = openKeyedPart(inMemory, await writePart(states, { 8: { entries: [empty] } }));
    expect([...full.entries(0, 8, undefined), ...full.removals(0, 8)]).toEqual([]);
  });

  it("join what came in pieces", async () => {
    const forms: readonly [Partial<StateMeta>, readonly CapturedState[], CapturedState][] = [
      [
        { kind: "list" },
        [list([]), list([1, 2]), list([3]), list([])].map((elements) => ({ kind: "list", elements })),
        { kind: "list", elements: list([1, 2, 3]) },
      ],
      [
        { kind: "map" },
        [
          { kind: "map", entries: [["a", element(1)]] },
          { kind: "map", entries: [["b", element(2)]] },
        ],
        {
          kind: "map",
          entries: [
            ["a", element(1)],
            ["b", element(2)],
          ],
        },
      ],
      [
        { kind: "list", layout: "namespaced" },
        [
          namespaces(["u", list([])]),
          namespaces(["v", list([1])], ["w", list([2])], ["x", list([])]),
          namespaces(["w", list([3])], ["x", list([4])]),
          namespaces(["y", list([5])]),
        ],
        namespaces(["v", list([1])], ["w", list([2, 3])], ["x", list([4])], ["y", list([5])]),
      ],
      [
        { kind: undefined, layout: "event-timers" },
        [1, 2].map((time) => ({ kind: "timers", timers: [{ time, namespace: "" }] })),
        { kind: "timers", timers: [1, 2].map((time) => ({ time, namespace: "" })) },
      ],
    ];
    for (const [settings, pieces, whole] of forms) {
      const meta = stateMeta(settings);
      const header = { ...openKeyedPart(inMemory, await writePart([meta], {})).header };
      const writer = createKeyedPartWriter(inMemory, header, [meta], "pieces");
      writer.keyGroup(3, 0);
      const entry = (key: string, value: CapturedState): CapturedEntry => ({
        key,
        state: 0,
        namespace: undefined,
        value,
      });
      for (const key of ["k", "l"]) pieces.forEach((piece, i) => writer.entry(entry(key, piece), i > 0));
      const part = openKeyedPart(inMemory, await writer.finish());
      for (const as of [meta, undefined])
        expect(entriesOf(part, 0, 3, as)).toEqual([entry("k", whole), entry("l", whole)]);
    }
  });

  it("take over blocks of another part, before and behind rows of their own", async () => {
    const states = [stateMeta({ kind: "list" }), stateMeta({ name: "other" })];
    const list = (key: string, length: number): CapturedEntry => ({
      key,
      state: 0,
      namespace: undefined,
      value: { kind: "list", elements: Array.from({ length }, (_, i) => element(`${key}${i}`)) },
    });
    const before = [list("a", 3), list("b", 30_000), list("c", 1)];
    const old = openKeyedPart(inMemory, await writePart(states, { 4: { entries: before } }));
    const writer = createKeyedPartWriter(inMemory, old.header, old.header.states.map(stateMetaOf), "new");
    writer.keyGroup(4, 0);
    writer.entry(list("x", 2));
    for (const block of old.blocks(0, 4)) writer.raw(0, block, old.keyKinds);
    writer.entry(list("y", 2));
    const part = openKeyedPart(inMemory, await writer.finish());
    expect(entriesOf(part, 0, 4)).toEqual([list("x", 2), ...before, list("y", 2)]);
    expect(part.keyKinds).toEqual(["string"]);
    const unsaid = createKeyedPartWriter(inMemory, old.header, states, "new");
    unsaid.keyGroup(4, 0);
    for (const block of old.blocks(0, 4)) unsaid.raw(0, block);
    expect(openKeyedPart(inMemory, await unsaid.finish()).keyKinds).toBeUndefined();
  });

  it("name the state and the key whose value does not fit", async () => {
    const typed = stateMeta({ name: "totals", type: Types.object({ n: Types.int }) });
    await expect(
      writePart([typed], { 1: { entries: [valueEntry("k1", { n: 1 }), valueEntry("k2", { n: "x" })] } }),
    ).rejects.toThrowError(
      expect.objectContaining({
        code: "RECORD_TYPE_MISMATCH",
        message: expect.stringMatching(
          /^state "totals" of key "k2" can't be written: .*n: expected int, got "x"/u,
        ),
      }),
    );
    class Money {
      readonly cents = 5;
    }
    await expect(
      writePart([stateMeta()], { 1: { entries: [valueEntry(5, new Money())] } }),
    ).rejects.toThrowError(
      /^state "count" of key 5 can't be written: .*an instance of Money can't be carried/u,
    );
  });

  it("are written in the order of key groups, and only what belongs in them", async () => {
    const header = openKeyedPart(
      inMemory,
      await writePart([], {}, { keyGroups: { start: 10, end: 12 } }),
    ).header;
    const misuse = expect.objectContaining({ code: "INTERNAL" });
    const writer = createKeyedPartWriter(inMemory, header, [stateMeta()], "x");
    expect(() => writer.keyGroup(9, 0)).toThrowError(misuse);
    expect(() => writer.keyGroup(12, 0)).toThrowError(misuse);
    writer.keyGroup(11, 0);
    expect(() => writer.keyGroup(11, 0)).toThrowError(misuse);
    expect(() => writer.keyGroup(10, 0)).toThrowError(misuse);
    expect(() => writer.entry(valueEntry(1, 1, 1))).toThrowError(misuse);
    expect(() => writer.removed(0, 1, undefined)).toThrowError(misuse);
    await writer.abort();
  });

  it("leave nothing behind when they are given up, and are files where they are large", async () => {
    using folder = tempFolder();
    const files = createStateFiles({ directory: folder.path, inlineThreshold: 1000 });
    const entries = Array.from({ length: 100 }, (_, i) => valueEntry(i, `value ${i}`));
    const bytes = await writePart([stateMeta()], { 0: { entries } }, {}, files);
    expect(bytes).toMatchObject({ kind: "file", path: expect.stringMatching(/\/totals-0-[0-9a-f]{24}$/u) });
    const part = openKeyedPart(files, bytes);
    expect(entriesOf(part, 0, 0)).toEqual(entries);
    part.close();
    const writer = createKeyedPartWriter(files, part.header, [stateMeta()], "given-up");
    writer.keyGroup(0, 0);
    for (let i = 0; i < 100_000; i++) writer.entry(valueEntry(i, "value"));
    expect(writer.position).toBeGreaterThan(500_000);
    await writer.drained();
    await writer.abort();
    expect([folder.files().length, folder.openFiles()]).toEqual([1, 0]);
  });
});
