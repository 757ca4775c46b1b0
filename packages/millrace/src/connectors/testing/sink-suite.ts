import { describe, expect, it } from "vitest";
import type { Sink } from "../../common/connector/sink.ts";
import { SinkRun } from "./sink-run.ts";

/** A place that a sink writes to, of one test's own. */
export interface SinkPlace<T, C, W> {
  sink(): Sink<T, C, W>;
  /** What readers of the place see, in any order. */
  visible(): readonly T[] | Promise<readonly T[]>;
  /** How many handles are open there; must be 0 after `close`. */
  openHandles?(): number;
  dispose?(): void;
}

/** A sink to be held against the contract. */
export interface SinkCase<T, C, W> {
  readonly name: string;
  place(): SinkPlace<T, C, W>;
  /** At least ten records, all different. */
  readonly records: readonly T[];
}

function sorted(records: readonly unknown[]): string[] {
  return records.map((record) => JSON.stringify(record)).sort();
}

/** What every sink that promises exactly-once by two-phase commits must do. */
export function twoPhaseSinkSuite<T, C, W>(subject: SinkCase<T, C, W>): void {
  const { records } = subject;
  const half = records.slice(0, records.length / 2);
  const rest = records.slice(records.length / 2);

  async function at(test: (place: SinkPlace<T, C, W>) => Promise<void>): Promise<void> {
    const place = subject.place();
    try {
      await test(place);
      await expect.poll(() => place.openHandles?.() ?? 0).toBe(0);
    } finally {
      place.dispose?.();
    }
  }

  describe(`${subject.name}: two-phase sink contract`, () => {
    it("promises exactly-once", () =>
      at(async (place) => {
        expect(place.sink().guarantee).toBe("exactly-once");
      }));

    it("shows everything after the commit at the end of input, and nothing before", () =>
      at(async (place) => {
        const run = new SinkRun(place.sink());
        await run.write(records);
        const committables = await run.finish();
        expect(await place.visible()).toEqual([]);
        await run.commit(committables);
        await run.close();
        expect(sorted(await place.visible())).toEqual(sorted(records));
      }));

    it("ends without records", () =>
      at(async (place) => {
        const run = new SinkRun(place.sink());
        await run.commit(await run.finish());
        await run.close();
        expect(await place.visible()).toEqual([]);
      }));

    it("may commit twice", () =>
      at(async (place) => {
        const run = new SinkRun(place.sink());
        await run.write(records);
        const committables = await run.finish();
        await run.commit(committables);
        await run.commit(committables);
        await run.close();
        expect(sorted(await place.visible())).toEqual(sorted(records));
      }));

    it("shows nothing of what was never committed", () =>
      at(async (place) => {
        const failed = new SinkRun(place.sink());
        await failed.write(half);
        await failed.writer.flush(false);
        await failed.write(rest);
        await failed.close();
        expect(await place.visible()).toEqual([]);
        // Nor does it come up with a later run's commit.
        const next = new SinkRun(place.sink(), { attempt: 1 });
        await next.write(half);
        await next.commit(await next.finish());
        await next.close();
        expect(sorted(await place.visible())).toEqual(sorted(half));
      }));

    it("goes on from a checkpoint after a failure, each record once", () =>
      at(async (place) => {
        const first = new SinkRun(place.sink());
        await first.write(half);
        const checkpoint = await first.checkpoint();
        await first.commit(checkpoint.committables);
        await first.write(rest.slice(0, 2));
        await first.close();
        const second = new SinkRun(place.sink(), { attempt: 1, restore: checkpoint.states });
        await second.write(rest);
        await second.commit(await second.finish());
        await second.close();
        expect(sorted(await place.visible())).toEqual(sorted(records));
      }));

    it("commits what a checkpoint held when the failure came before its commit", () =>
      at(async (place) => {
        const first = new SinkRun(place.sink());
        await first.write(half);
        const checkpoint = await first.checkpoint();
        await first.close();
        const second = new SinkRun(place.sink(), { attempt: 1, restore: checkpoint.states });
        await second.commit(checkpoint.committables);
        await second.write(rest);
        const later = await second.checkpoint();
        await second.commit(later.committables);
        await second.commit(await second.finish());
        await second.close();
        expect(sorted(await place.visible())).toEqual(sorted(records));
      }));

    it("survives a second failure from the same checkpoint", () =>
      at(async (place) => {
        const first = new SinkRun(place.sink());
        await first.write(half);
        const checkpoint = await first.checkpoint();
        await first.commit(checkpoint.committables);
        await first.close();
        const second = new SinkRun(place.sink(), { attempt: 1, restore: checkpoint.states });
        await second.write(rest);
        await second.checkpoint();
        await second.close();
        const third = new SinkRun(place.sink(), { attempt: 2, restore: checkpoint.states });
        await third.commit(checkpoint.committables);
        await third.write(rest);
        await third.commit(await third.finish());
        await third.close();
        expect(sorted(await place.visible())).toEqual(sorted(records));
      }));

    it("is not disturbed by a predecessor that is still alive", () =>
      at(async (place) => {
        const zombie = new SinkRun(place.sink());
        await zombie.write(half);
        const checkpoint = await zombie.checkpoint();
        const successor = new SinkRun(place.sink(), { attempt: 1, restore: checkpoint.states });
        await zombie.write(rest);
        await zombie.writer.flush(false);
        await successor.write(rest);
        await successor.commit(checkpoint.committables);
        await successor.commit(await successor.finish());
        await successor.close();
        await zombie.close();
        expect(sorted(await place.visible())).toEqual(sorted(records));
      }));

    it("hands its state over to more or fewer subtasks", () =>
      at(async (place) => {
        const [a, b] = [0, 1].map((subtask) => new SinkRun(place.sink(), { subtask, parallelism: 2 }));
        await a!.write(half.slice(0, 2));
        await b!.write(half.slice(2));
        const [one, two] = [await a!.checkpoint(), await b!.checkpoint()];
        await a!.close();
        await b!.close();
        const merged = new SinkRun(place.sink(), { attempt: 1, restore: [...one.states, ...two.states] });
        await merged.commit([...one.committables, ...two.committables]);
        const again = await merged.checkpoint();
        await merged.commit(again.committables);
        await merged.close();
        const last = [0, 1, 2].map(
          (subtask) =>
            new SinkRun(place.sink(), {
              subtask,
              parallelism: 3,
              attempt: 2,
              restore: again.states.filter((_, i) => i % 3 === subtask),
            }),
        );
        await last[2]!.write(rest);
        for (const run of last) {
          await run.commit(await run.finish());
          await run.close();
        }
        expect(sorted(await place.visible())).toEqual(sorted(records));
      }));
  });
}
