import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Types } from "../../../common/types/types.ts";
import type { NamespaceTable } from "../namespace-tables.ts";
import type { MakeBackend } from "./backend-fixture.ts";
import { storeRequest } from "./store-request.ts";

/** Tables by namespace, then key. */
export function describeNamespaceTables(makeBackend: MakeBackend, runs: number): void {
  describe("namespace tables", () => {
    function contents(table: NamespaceTable<number>): [unknown, number][] {
      const seen: [unknown, number][] = [];
      for (const scan = table.scan(); scan.next();) seen.push([scan.key, scan.value]);
      return seen;
    }

    it("agrees with Maps under any puts and removals", () => {
      const key = fc.oneof(
        fc.integer({ min: -3, max: 20 }),
        fc.string({ maxLength: 2 }),
        fc.tuple(fc.constant("t"), fc.integer({ min: 0, max: 3 })),
        fc.constantFrom(1.5, 2 ** 40, 5n, true, null),
      );
      const step = fc.record({ namespace: fc.integer({ min: 0, max: 2 }), key, remove: fc.boolean() });
      fc.assert(
        fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
          const tables = makeBackend().createKeyedStore(storeRequest()).getNamespaceTables("t", Types.int);
          const oracle = new Map<number, Map<string, [unknown, number]>>();
          const text = (k: unknown): string => `${typeof k}${typeof k === "bigint" ? k : JSON.stringify(k)}`;
          steps.forEach(({ namespace, key, remove }, i) => {
            const model = oracle.get(namespace) ?? new Map<string, [unknown, number]>();
            oracle.set(namespace, model);
            const table = tables.getOrCreate(namespace);
            if (remove) table.remove(key);
            else table.put(key, i);
            if (remove) model.delete(text(key));
            else model.set(text(key), [key, i]);
            expect(table.get(key)).toBe(model.get(text(key))?.[1]);
          });
          expect(tables.namespaces()).toEqual([...oracle.keys()].sort((a, b) => a - b));
          for (const [namespace, model] of oracle) {
            const table = tables.get(namespace)!;
            expect(table.size).toBe(model.size);
            expect(new Map(contents(table).map((entry) => [text(entry[0]), entry]))).toEqual(model);
          }
        }),
        { numRuns: runs },
      );
    });

    it("drops whole tables", () => {
      const store = makeBackend().createKeyedStore(storeRequest());
      const tables = store.getNamespaceTables<number>("t", undefined);
      expect(tables.get(10)).toBeUndefined();
      tables.getOrCreate(20).put("a", 1);
      tables.getOrCreate(10).put("a", 2);
      tables.getOrCreate(10).put("b", 2);
      expect(store.keyCount).toBe(2);
      expect(tables.namespaces()).toEqual([10, 20]);
      tables.drop(10);
      expect(tables.get(10)).toBeUndefined();
      expect(tables.namespaces()).toEqual([20]);
      expect(store.keyCount).toBe(1);
      expect(store.getNamespaceTables<number>("t", undefined)).toBe(tables);
    });

    it("goes on with a scan that was left, whatever happened to other entries", () => {
      const tables = makeBackend()
        .createKeyedStore(storeRequest())
        .getNamespaceTables<number>("t", undefined);
      const table = tables.getOrCreate(0);
      for (let i = 0; i < 100; i++) table.put(i, i);
      const scan = table.scan();
      const seen = new Map<unknown, number>();
      for (let step = 0; scan.next(); step++) {
        seen.set(scan.key, (seen.get(scan.key) ?? 0) + 1);
        if (step % 10 === 0 && step < 50) {
          table.remove(step);
          table.remove(step + 45);
          table.put(`new-${step}`, 0);
        }
      }
      const disturbed = [0, 10, 20, 30, 40, 45, 55, 65, 75, 85];
      const untouched = Array.from({ length: 100 }, (_, i) => i).filter((i) => !disturbed.includes(i));
      expect(untouched.map((i) => seen.get(i))).toEqual(untouched.map(() => 1));
      expect(Math.max(...seen.values())).toBe(1);
    });

    it("changes values in place", () => {
      const tables = makeBackend()
        .createKeyedStore(storeRequest())
        .getNamespaceTables<{ n: number }>("t", undefined);
      const table = tables.getOrCreate(5);
      expect(table.namespace).toBe(5);
      expect(table.getForUpdate("a")).toBeUndefined();
      table.put("a", { n: 1 });
      table.getForUpdate("a")!.n++;
      expect(table.get("a")).toEqual({ n: 2 });
    });
  });
}
