import { describe, expect, it } from "vitest";
import type { Source, SourceSplit } from "../../common/connector/source.ts";
import { expectNothingLost } from "./expect-nothing-lost.ts";
import { SourceRun, type SourceSnapshot } from "./source-run.ts";

/** A source to be held against the contract. It must be bounded. */
export interface SourceCase<T, S extends SourceSplit, E> {
  readonly name: string;
  /** The source; called for each run, as a restarted job builds it anew. */
  create(): Source<T, S, E>;
  /** All its records, in the order in which one subtask reads them. */
  readonly expected: readonly T[];
  /** Whether several subtasks may read it; default true. */
  readonly parallel?: boolean;
  /** How many handles (files, sockets) it holds open now; must be 0 after `close`. */
  openHandles?(): number | Promise<number>;
}

/** Splits that are plain data survive this; functions and class instances don't. */
function throughJson<V>(value: V): V {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as V);
}

function sorted(records: readonly unknown[]): string[] {
  return records.map((record) => JSON.stringify(record)).sort();
}

/** What every bounded source that promises exactly-once must do. */
export function sourceSuite<T, S extends SourceSplit, E>(subject: SourceCase<T, S, E>): void {
  const parallelisms = subject.parallel === false ? [1] : [1, 3];
  const { expected } = subject;

  describe(`${subject.name}: source contract`, () => {
    it("promises exactly-once and is bounded", () => {
      expect(subject.create()).toMatchObject({ boundedness: "bounded", guarantee: "exactly-once" });
    });

    it("emits everything in order to one subtask, and ends", async () => {
      const run = await new SourceRun(subject.create()).run();
      expect(run.records).toEqual(expected);
      expect(run.malformed).toEqual([]);
      run.close();
    });

    it("releases every split it made records for", async () => {
      const run = await new SourceRun(subject.create()).run();
      expect(new Set(run.splits.released)).toEqual(new Set(run.splits.used));
      run.close();
    });

    it("emits no more than asked for, one record at a time", async () => {
      const run = new SourceRun(subject.create(), { limit: 1 });
      const wanted = Math.min(expected.length, 40);
      for (let n = 1; n <= wanted; n++) {
        await run.run(n);
        expect(run.records).toEqual(expected.slice(0, n));
      }
      run.close();
    });

    it("stops when the output is blocked", async () => {
      const run = new SourceRun(subject.create(), { limit: 1000, blockAfter: 1 });
      await run.run(Math.min(3, expected.length));
      expect(run.records).toEqual(expected.slice(0, Math.min(3, expected.length)));
      await run.run();
      expect(run.records).toEqual(expected);
      run.close();
    });

    it("emits nothing to an output that has no room", async () => {
      const run = new SourceRun(subject.create(), { blockAfter: 0 });
      for (let i = 0; i < 20; i++) {
        run.poll();
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(run.records).toEqual([]);
      run.close();
    });

    it.runIf(subject.parallel !== false)("emits each record once over several subtasks", async () => {
      const run = await new SourceRun(subject.create(), { parallelism: 3 }).run();
      expect(sorted(run.records)).toEqual(sorted(expected));
      run.close();
    });

    for (const before of parallelisms) {
      for (const after of parallelisms) {
        it(`goes on from a snapshot, ${before} to ${after} subtasks, wherever it was taken`, async () => {
          const cuts = [
            ...new Set([0, 1, 2, Math.floor(expected.length / 2), expected.length - 1, expected.length]),
          ];
          for (const cut of cuts.filter((n) => n >= 0)) {
            const first = new SourceRun(subject.create(), { parallelism: before, limit: 1 });
            await first.run(cut);
            const snapshot: SourceSnapshot<S, E> = throughJson(first.snapshot());
            const taken = [...first.records];
            // It reads on, as a job does until its failure; none of that counts.
            await first.run(cut + 5);
            first.close();
            const second = await new SourceRun(subject.create(), {
              parallelism: after,
              restore: snapshot,
            }).run();
            second.close();
            expect(sorted([...taken, ...second.records])).toEqual(sorted(expected));
          }
        });
      }
    }

    it("loses and doubles nothing, whatever fails between two polls", async () => {
      await expectNothingLost(() => subject.create(), {
        records: expected,
        parallel: subject.parallel !== false,
      });
      await expect.poll(() => subject.openHandles?.() ?? 0).toBe(0);
    });

    it("takes back splits of a failed reader", async () => {
      const parallelism = subject.parallel === false ? 1 : 2;
      const run = new SourceRun(subject.create(), { parallelism, limit: 2 });
      await run.run(Math.min(5, expected.length));
      run.failReader(0);
      await run.run();
      expect(sorted(run.records)).toEqual(sorted(expected));
      run.close();
    });

    it("can be closed before, in the middle of, and after reading", async () => {
      for (const records of [0, 3, Infinity]) {
        const run = new SourceRun(subject.create(), { limit: 3 });
        if (records === 0) run.poll();
        await run.run(records);
        run.close();
      }
      await expect.poll(() => subject.openHandles?.() ?? 0).toBe(0);
    });
  });
}
