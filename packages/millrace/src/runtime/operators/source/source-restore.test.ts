import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Source, SourceSplit } from "../../../common/connector/source.ts";
import { seconds } from "../../../common/time/durations.ts";
import { WatermarkStrategy } from "../../../common/watermarks/watermark-strategy.ts";
import { BufferedSourceReader } from "../../../connectors/base/buffered-source-reader.ts";
import { ArrayBatch } from "../../../connectors/base/split-batch.ts";
import { carried } from "../../../connectors/testing/carried.ts";
import { SourceRig } from "./testing/source-rig.ts";

interface Times extends SourceSplit {
  readonly times: readonly number[];
  readonly next: number;
}

const split = (splitId: string, ...times: number[]): Times => ({ splitId, times, next: 0 });

/** Emits each split's times, read so many splits at a time. */
function timesSource(concurrency: number, ordered: boolean): Source<number, Times> {
  return {
    name: "times",
    boundedness: "bounded",
    guarantee: "exactly-once",
    createEnumerator: () => expect.fail("not used"),
    createReader: (context) =>
      new BufferedSourceReader<number, Times>(context, {
        name: "times",
        concurrency,
        ...(ordered ? { order: (a: Times, b: Times) => Number(a.splitId) - Number(b.splitId) } : {}),
        open: (from) => {
          let fetched = false;
          return {
            fetch() {
              if (fetched) return null;
              fetched = true;
              const rest = from.times.slice(from.next);
              return new ArrayBatch<number, Times>(rest, (taken) => ({ ...from, next: from.next + taken }));
            },
            close() {},
          };
        },
      }),
  };
}

const inOrder = WatermarkStrategy.forMonotonousTimestamps<number>().withTimestamps((time) => time);
const rig = (concurrency = 9, strategy = inOrder, ordered = false): SourceRig<number> =>
  new SourceRig(timesSource(concurrency, ordered), strategy);

describe("a restored source", () => {
  it("goes on from the watermarks that its splits had reached", () => {
    const before = rig().add(split("a", 10, 20, 30), split("b", 15, 25, 35));
    before.poll(2);
    before.poll(2);
    before.clock.advance(200);
    expect(before.watermark).toBe(19);
    const after = rig().add(...carried(before.snapshot()));
    // At once, and before any record.
    expect(after.events[0]).toEqual({ kind: "watermark", watermark: before.watermark });
    after.poll(9);
    after.end();
    expect(after.late).toEqual([]);
  });

  it("knows what generators had seen but not yet said", () => {
    const before = rig().add(split("a", 10, 20, 30), split("b", 1000));
    before.poll(2);
    const [a] = before.snapshot();
    expect(a).toMatchObject({ splitId: "a", begun: true, watermark: 19 });
  });

  it("lets no split be late that another reader had read", () => {
    // Each reads one split at a time: two of them go through the same times side by side.
    const one = rig(1).add(split("a", 10, 20, 30, 40, 50));
    const two = rig(1).add(split("b", 11, 21, 31, 41, 51));
    for (const reader of [one, two]) {
      reader.poll(2);
      reader.clock.advance(200);
    }
    const merged = rig(1).add(...carried([...one.snapshot(), ...two.snapshot()]));
    merged.end();
    while (!merged.poll(1)) merged.clock.advance(200);
    expect(merged.late).toEqual([]);
    expect(merged.events.filter(({ kind }) => kind === "record")).toHaveLength(6);
  });

  it.each([1, 2])("lets no split be late that a reader was about to begin, with room for %d", (room) => {
    const one = rig(room).add(split("a", 10, 20, 30, 40, 50));
    one.poll(3);
    one.clock.advance(200);
    const two = rig(room).add(...[split("b", 11, 21), split("c", 12, 22)].slice(0, room));
    const merged = rig(room).add(...carried([...one.snapshot(), ...two.snapshot()]));
    merged.end();
    for (let i = 0; i < 20 && !merged.poll(1); i++) merged.clock.advance(200);
    expect(merged.late).toEqual([]);
    expect(merged.events.filter(({ kind }) => kind === "record")).toHaveLength(2 + 2 * room);
  });

  it("begins no split side by side that waited for another's end", () => {
    const before = rig(1).add(split("a", 10, 20, 30), split("b", 11), split("c", 12));
    before.poll(1);
    expect(before.snapshot().map(({ begun }) => begun)).toEqual([true, false, false]);
    const after = rig(1).add(...before.snapshot());
    after.poll(1);
    expect(after.snapshot().map(({ begun }) => begun)).toEqual([true, false, false]);
  });

  it("reads what another reader had waiting before what a further one had begun", () => {
    // One reader is at its first split, and has the third waiting; the other has gone ahead to the fourth.
    const one = rig(1, inOrder, true).add(split("0", 10, 20, 30), split("2", 210, 220));
    const two = rig(1, inOrder, true).add(split("3", 310, 320, 330, 340));
    for (const reader of [one, two]) {
      reader.poll(2);
      reader.clock.advance(200);
    }
    const merged = rig(1, inOrder, true).add(...carried([...two.snapshot(), ...one.snapshot()]));
    merged.end();
    while (!merged.poll(1)) merged.clock.advance(200);
    expect(merged.late).toEqual([]);
    expect(merged.events.filter(({ kind }) => kind === "record")).toHaveLength(5);
  });

  it("leaves an idle split idle, and says nothing earlier when it speaks again", () => {
    const idling = inOrder.withIdleness(seconds(1));
    const before = rig(9, idling).add(
      split("a", 10),
      split("b", ...Array.from({ length: 9 }, (_, i) => 100 * i)),
    );
    // Of "a" only the position behind its last record is left; it is idle, and "b" goes on alone.
    before.poll(1);
    for (let i = 0; i < 8; i++) {
      before.poll(1);
      before.clock.advance(1000);
    }
    expect(before.watermark).toBeGreaterThan(500);
    const snapshot = before.snapshot();
    const after = rig(9, idling).add(...carried(snapshot));
    expect(after.watermark).toBe(before.watermark);
    after.clock.advance(400);
    expect(after.events).toEqual([{ kind: "watermark", watermark: before.watermark }]);
  });

  it("refuses positions that can't stand in a checkpoint, by name", () => {
    const source = rig().add({ splitId: "a", at: new URL("http://x") } as SourceSplit);
    expect(() => source.snapshot()).toThrowError(
      expect.objectContaining({
        code: "RECORD_TYPE_MISMATCH",
        message: expect.stringContaining(
          "the position of split a can't stand in a checkpoint: at: ",
        ) as string,
      }) as Error,
    );
  });

  it("says nothing earlier than before, and makes nothing late, at any parallelism", () => {
    const splits = fc.array(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 12 }), {
      minLength: 1,
      maxLength: 5,
    });
    const steps = fc.array(
      fc.oneof(
        { weight: 5, arbitrary: fc.record({ poll: fc.nat(3), limit: fc.integer({ min: 1, max: 4 }) }) },
        { weight: 2, arbitrary: fc.record({ tick: fc.nat(3) }) },
        { weight: 1, arbitrary: fc.record({ restore: fc.integer({ min: 1, max: 4 }) }) },
      ),
      { maxLength: 60, size: "max" },
    );
    fc.assert(
      fc.property(splits, steps, fc.integer({ min: 1, max: 3 }), (gaps, moves, concurrency) => {
        const all = gaps.map((gap, i) => {
          let time = 0;
          return split(String(i), ...gap.map((step) => (time += step)));
        });
        // Read side by side from the start, as by so many subtasks.
        let rigs = all.map((one) => rig(concurrency).add(one));
        for (const one of rigs) one.poll(0);
        let reached = -Infinity;
        const seen: unknown[] = [];
        const least = (): number => Math.min(...rigs.map(({ watermark }) => watermark));
        const finish = (): void => {
          for (const one of rigs) {
            expect(one.late).toEqual([]);
            seen.push(...one.events.filter(({ kind }) => kind === "record"));
            one.close();
          }
        };
        const restore = (parallelism: number): void => {
          const snapshot = carried(rigs.flatMap((one) => one.snapshot()));
          reached = Math.max(reached, least());
          finish();
          rigs = Array.from({ length: parallelism }, () => rig(concurrency));
          rigs.forEach((one, i) => {
            const mine = snapshot.filter((_, n) => n % parallelism === i);
            if (mine.length > 0) one.add(...mine);
          });
          // Who has a split says at least what everybody had said.
          const readers = rigs.slice(0, snapshot.length).map(({ watermark }) => watermark);
          expect(Math.min(...readers, Infinity)).toBeGreaterThanOrEqual(reached);
        };
        for (const move of moves) {
          if ("poll" in move) rigs[move.poll % rigs.length]!.poll(move.limit);
          else if ("tick" in move) rigs[move.tick % rigs.length]!.clock.advance(200);
          else restore(move.restore);
        }
        for (const one of rigs) {
          one.end();
          for (let i = 0; i < 100; i++) one.poll(4);
        }
        finish();
        expect(seen).toHaveLength(all.reduce((sum, { times }) => sum + times.length, 0));
      }),
      { numRuns: 150 },
    );
  });
});
