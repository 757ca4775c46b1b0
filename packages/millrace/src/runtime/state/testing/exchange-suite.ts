import { describe, expect, it } from "vitest";
import type { MakeBackend } from "./backend-fixture.ts";
import { Everything } from "./everything.ts";
import { handleContents } from "./handle-contents.ts";
import { takeSnapshot } from "./take-snapshot.ts";

/** What a backend is called, and how it is made. */
export interface NamedBackend {
  readonly name: string;
  readonly make: MakeBackend;
}

/**
 * Holds two state backends to one form of savepoints.
 *
 * @example `describeBackendExchange({ name: "hashmap", make: () => new HashMapStateBackend() }, { name: "rocksdb", make })`
 */
export function describeBackendExchange(one: NamedBackend, other: NamedBackend): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    describe(`savepoints of ${from.name} in ${to.name}`, () => {
      it("hold the same, at any parallelism", async () => {
        const savepoint = (await takeSnapshot(Everything.filled(from.make).store))!;
        const contents = handleContents(savepoint);
        expect(contents).toEqual(handleContents(await takeSnapshot(Everything.filled(to.make).store)));
        for (const parallelism of [1, 3]) {
          const handles = await Promise.all(
            Array.from({ length: parallelism }, async (_, subtask) => {
              const { store } = await Everything.make(to.make, { parallelism, subtask }, [savepoint]);
              return takeSnapshot(store);
            }),
          );
          expect(Object.assign({}, ...handles.map(handleContents))).toEqual(contents);
          const back = await Everything.make(
            from.make,
            {},
            handles.filter((handle) => handle !== undefined),
          );
          expect(handleContents(await takeSnapshot(back.store))).toEqual(contents);
        }
      });
    });
  }
}
