import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { operatorUid } from "../../../common/ids/ids.ts";
import { Types } from "../../../common/types/types.ts";
import { createStateFiles } from "../storage/create-state-files.ts";
import { tempFolder } from "../../../common/testing/temp-folder.ts";
import { decodeCoordinatorState, encodeCoordinatorState } from "./coordinator-state.ts";
import { encodeOperatorState } from "./encode-operator-state.ts";
import { OpaqueValue } from "./keyed/opaque-value.ts";
import { stateMetaOf } from "./keyed/state-header.ts";
import { openOperatorState, type OperatorStatePart } from "./open-operator-state.ts";
import { operatorStateMeta } from "./operator-state.ts";
import { keys, plainValues } from "./testing/state-subjects.ts";
import { inMemory } from "./testing/write-part.ts";

const uid = operatorUid("source");

class Money {
  readonly cents: number;
  constructor(cents: number) {
    this.cents = cents;
  }
}
const money = (version: number) =>
  Types.custom<Money>({
    name: "Money",
    version,
    is: (value) => value instanceof Money,
    encode: ({ cents }) => Uint8Array.of(version, cents),
    decode: ([written, cents], version) => {
      if (written !== version) throw new TypeError(`${written} is not ${version}`);
      return new Money(cents!);
    },
  });

const open = (bytes: Uint8Array): OperatorStatePart => openOperatorState(inMemory, { kind: "inline", bytes });

describe("operator state", () => {
  it("comes back as it was written", () => {
    const untyped = operatorStateMeta("list", "list", undefined);
    const typed = operatorStateMeta("typed", "list", Types.object({ n: Types.int }));
    const map = operatorStateMeta("map", "map", undefined);
    fc.assert(
      fc.property(
        fc.array(plainValues, { maxLength: 8 }),
        fc.array(fc.integer(), { maxLength: 8 }),
        fc.array(fc.tuple(keys, plainValues), { maxLength: 8 }),
        (list, numbers, entries) => {
          const objects = numbers.map((n) => ({ n }));
          const { operator, states } = open(
            encodeOperatorState(uid, [
              { mode: "split", meta: untyped, elements: list },
              { mode: "union", meta: typed, elements: new Set(objects) },
              { mode: "broadcast", meta: map, elements: entries },
            ]),
          );
          expect(operator).toBe(uid);
          expect(states.map(({ mode, header, count }) => [mode, header.name, header.kind, count])).toEqual([
            ["split", "list", "list", list.length],
            ["union", "typed", "list", objects.length],
            ["broadcast", "map", "map", entries.length],
          ]);
          for (const metas of [
            [untyped, typed, map],
            [undefined, undefined, undefined],
          ]) {
            expect(states.map((state, i) => state.elements(metas[i]))).toStrictEqual([
              list,
              objects,
              entries,
            ]);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it("is read with the types of today, where they fit", () => {
    const bytes = encodeOperatorState(uid, [
      {
        mode: "split",
        meta: operatorStateMeta("a", "list", Types.object({ n: Types.int })),
        elements: [{ n: 1 }],
      },
      { mode: "split", meta: operatorStateMeta("b", "list", undefined), elements: [1, 2, "x"] },
      { mode: "split", meta: operatorStateMeta("c", "list", money(1)), elements: [new Money(5)] },
    ]);
    const [a, b, c] = open(bytes).states;
    const wider = Types.object({ n: Types.double, tag: Types.optional(Types.string) });
    expect(a!.elements(operatorStateMeta("a", "list", wider))).toEqual([{ n: 1 }]);
    expect(a!.elements(operatorStateMeta("a", "list", undefined))).toEqual([{ n: 1 }]);
    const refused = (message: string) =>
      expect.objectContaining({ code: "RESTORE_REFUSED", message: expect.stringContaining(message) });
    expect(() => a!.elements(operatorStateMeta("a", "list", Types.object({ n: Types.string })))).toThrowError(
      refused("state \"a\" of operator source can't be restored: n: int can't become string"),
    );
    expect(() => a!.elements(operatorStateMeta("a", "map", undefined))).toThrowError(
      refused("it was list state and is map state now"),
    );
    expect(b!.elements(operatorStateMeta("b", "list", Types.union(Types.int, Types.string)))).toEqual([
      1,
      2,
      "x",
    ]);
    expect(() => b!.elements(operatorStateMeta("b", "list", Types.int))).toThrowError(
      refused('expected int, got "x"'),
    );
    expect(c!.elements(operatorStateMeta("c", "list", money(2)))).toEqual([new Money(5)]);
    expect(() => c!.elements(operatorStateMeta("c", "list", undefined))).toThrowError(
      refused("Money can't become any"),
    );
  });

  it("that nobody asks for is written again as it is", () => {
    const meta = operatorStateMeta("wallets", "list", Types.array(money(1)));
    const first = encodeOperatorState(uid, [
      { mode: "union", meta, elements: [[new Money(1)], [new Money(2), new Money(3)]] },
    ]);
    const [stored] = open(first).states;
    expect(stored!.elements(undefined)).toEqual([
      [new OpaqueValue("Money", 1, Uint8Array.of(1, 1))],
      [2, 3].map((cents) => new OpaqueValue("Money", 1, Uint8Array.of(1, cents))),
    ]);
    const second = encodeOperatorState(uid, [
      { mode: stored!.mode, meta: stateMetaOf(stored!.header), elements: stored!.elements(undefined) },
    ]);
    expect(second).toEqual(first);
    expect(open(second).states[0]!.elements(meta)).toEqual([[new Money(1)], [new Money(2), new Money(3)]]);
  });

  it("names the state and the place of what does not fit", () => {
    const meta = operatorStateMeta("offsets", "list", Types.object({ n: Types.int }));
    expect(() =>
      encodeOperatorState(uid, [{ mode: "split", meta, elements: [{ n: 1 }, { n: 0.5 }] }]),
    ).toThrowError(/^state "offsets" can't be written: .*n: expected int, got 0.5/u);
  });

  it("is read from files, which are closed", async () => {
    using folder = tempFolder();
    const files = createStateFiles({ directory: folder.path, inlineThreshold: 0 });
    const elements = Array.from({ length: 20_000 }, (_, i) => `element ${i}`);
    const meta = operatorStateMeta("many", "list", Types.string);
    const file = files.create("source-0");
    file.write(encodeOperatorState(uid, [{ mode: "split", meta, elements }]));
    const { states } = openOperatorState(files, await file.close());
    expect(folder.openFiles()).toBe(0);
    expect(states[0]!.elements(meta)).toEqual(elements);
    expect(states[0]!.bytes).toBeGreaterThan(100_000);
  });
});

describe("state of an enumerator", () => {
  it("comes back as it was written", () => {
    fc.assert(
      fc.property(plainValues, (value) => {
        const bytes = encodeCoordinatorState(value);
        expect(decodeCoordinatorState(inMemory, { kind: "inline", bytes })).toStrictEqual(value);
      }),
    );
  });

  it("is plain data", () => {
    expect(() => encodeCoordinatorState({ splits: [new Money(1)] })).toThrowError(
      expect.objectContaining({
        code: "RECORD_TYPE_MISMATCH",
        details: expect.objectContaining({ path: "splits[0]" }),
      }),
    );
  });
});
