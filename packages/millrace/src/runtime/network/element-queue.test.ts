import fc from "fast-check";
import { expect, it } from "vitest";
import { ElementQueue } from "./element-queue.ts";

it("is a queue, however often it grows, wraps round and is emptied", () => {
  const steps = fc.array(fc.tuple(fc.nat(40), fc.nat(40)), { maxLength: 30 });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 9 }), steps, (capacity, program) => {
      const queue = new ElementQueue(capacity);
      const model: number[] = [];
      let next = 0;
      for (const [pushes, shifts] of program) {
        for (let i = 0; i < pushes; i++, next++) {
          queue.push(next % 4, `value ${next}`, next);
          model.push(next);
        }
        for (let i = 0; i < shifts && model.length > 0; i++) {
          const n = model.shift()!;
          expect([queue.kind, queue.timestamp, queue.shift()]).toEqual([n % 4, n, `value ${n}`]);
        }
        expect(queue.size).toBe(model.length);
      }
      queue.clear();
      expect(queue.size).toBe(0);
      expect(() => queue.shift()).toThrow(/empty queue/u);
    }),
  );
});
