import fc from "fast-check";
import { expect, it } from "vitest";
import { createGroupedPartWriter } from "./create-grouped-part-writer.ts";
import { openKeyedPart } from "./open-keyed-part.ts";
import { entriesOf, inMemory, stateMeta, valueEntry } from "./testing/write-part.ts";

const metas = [stateMeta({ name: "a" }), stateMeta({ name: "b" })];

it("gathers rows of key groups that come in any order, in blocks of any size", async () => {
  const rows = fc.array(
    fc.record({
      keyGroup: fc.nat(7),
      state: fc.nat(1),
      text: fc.oneof(fc.string(), fc.constant("long".repeat(300))),
    }),
    { maxLength: 200 },
  );
  await fc.assert(
    fc.asyncProperty(rows, fc.constantFrom(1, 1000, 1e9), async (all, expected) => {
      const header = {
        operator: "op" as never,
        maxParallelism: 8,
        keyHashVersion: 1,
        keyGroups: { start: 0, end: 8 },
        content: "full" as const,
      };
      const writer = createGroupedPartWriter(inMemory, header, metas, "test", expected);
      for (let keyGroup = 0; keyGroup < 8; keyGroup++) writer.watermark(keyGroup, keyGroup * 10);
      all.forEach(({ keyGroup, state, text }, i) => writer.entry(keyGroup, valueEntry(i, text, state)));
      const part = openKeyedPart(inMemory, await writer.finish());
      for (let keyGroup = 0; keyGroup < 8; keyGroup++) {
        expect(part.watermark(keyGroup)).toBe(keyGroup * 10);
        for (const state of [0, 1]) {
          const wanted = all
            .map((row, i) => ({ ...row, i }))
            .filter((row) => row.keyGroup === keyGroup && row.state === state)
            .map(({ i, text }) => valueEntry(i, text, state));
          expect(entriesOf(part, state, keyGroup, metas[state])).toStrictEqual(wanted);
        }
      }
      part.close();
    }),
    { numRuns: 60 },
  );
});

it("refuses key groups that are not the part's", () => {
  const header = {
    operator: "op" as never,
    maxParallelism: 8,
    keyHashVersion: 1,
    keyGroups: { start: 2, end: 4 },
    content: "full" as const,
  };
  const writer = createGroupedPartWriter(inMemory, header, metas, "test", 10);
  expect(() => writer.entry(4, valueEntry(1, 1))).toThrow("key group 4");
  expect(() => writer.entry(1, valueEntry(1, 1))).toThrow("key group 1");
});
