import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DataStream } from "../../api/streams/streams.ts";
import type { AsyncOptions } from "../../common/functions/async-functions.ts";
import type { Infer } from "../../common/types/infer-types.ts";
import { Types } from "../../common/types/types.ts";
import { harnessFor } from "../../testing/harness/harness-for.ts";
import type { OperatorHarness } from "../../testing/harness/operator-harness.ts";

const Request = Types.object({ key: Types.string, n: Types.int });
type Request = Infer<typeof Request>;
type Harness = OperatorHarness<Request, never, Request>;

/** A service that answers a request when the test says so; those of an operator that is gone are forgotten. */
class Service {
  #open: { readonly request: Request; readonly answer: (result: Request) => void }[] = [];

  readonly call = (request: Request): Promise<Request> =>
    new Promise((resolve) => this.#open.push({ request, answer: resolve }));

  get underway(): readonly Request[] {
    return this.#open.map(({ request }) => request);
  }

  /** Answers one of those underway. */
  answer(at: number): void {
    const [call] = this.#open.splice(at % Math.max(1, this.#open.length), 1);
    call?.answer(call.request);
  }

  forget(): void {
    this.#open = [];
  }
}

type Keying = "keyed" | "unkeyed";

const setUp = (service: Service, keying: Keying, options: AsyncOptions, parallelism = 1): Promise<Harness> =>
  harnessFor(
    (stream: DataStream<Request>) =>
      keying === "keyed"
        ? stream.keyBy((request) => request.key).asyncMap(service.call, options)
        : stream.asyncMap(service.call, options),
    { type: Request, parallelism },
  );

async function restart(harness: Harness, service: Service, parallelism: number): Promise<Harness> {
  service.forget();
  return harness.restart({ parallelism });
}

const requests = (count: number): Request[] =>
  Array.from({ length: count }, (_, n) => ({ key: `key ${n % 5}`, n }));

describe("asynchronous requests underway at a checkpoint", () => {
  it("are called again where their keys are then, in the order of each key", async () => {
    const service = new Service();
    let harness = await setUp(service, "keyed", { capacity: 50 }, 3);
    harness.processRecords(requests(20));
    harness = await restart(harness, service, 2);
    expect(service.underway).toHaveLength(20);
    // What comes behind them finds the same subtask, and leaves after them.
    harness.processRecord({ key: "key 0", n: 20 });
    while (service.underway.length > 0) service.answer(service.underway.length - 1);
    await harness.settle();
    const ofKey = (key: string): number[] => harness.output.filter((r) => r.key === key).map(({ n }) => n);
    expect(ofKey("key 0")).toEqual([0, 5, 10, 15, 20]);
    expect(ofKey("key 3")).toEqual([3, 8, 13, 18]);
    await harness.close();
  });

  it("keep to the capacity, though they are more than one subtask may have, and hold what is above", async () => {
    const service = new Service();
    let harness = await setUp(service, "keyed", { capacity: 3 }, 4);
    harness.processRecords(requests(10));
    harness = await restart(harness, service, 1);
    expect(service.underway).toHaveLength(3);
    expect(harness.blocked).toBe(true);
    while (service.underway.length > 0) {
      expect(service.underway.length).toBeLessThanOrEqual(3);
      service.answer(0);
      await harness.settle();
    }
    expect(harness.output).toHaveLength(10);
    expect(harness.blocked).toBe(false);
    await harness.close();
  });

  it("get new tries and all of their time", async () => {
    let calls = 0;
    const failing = async (request: Request): Promise<Request> => {
      calls++;
      if (calls % 3 !== 0) throw new Error("not yet");
      return request;
    };
    const options: AsyncOptions = { timeout: 1000, retry: { maxAttempts: 3, delay: 300 } };
    const first = await harnessFor((stream: DataStream<Request>) => stream.asyncMap(failing, options));
    first.processRecord({ key: "a", n: 1 });
    await first.settle();
    first.advanceProcessingTime(300);
    await first.settle();
    // Two tries are used up, and 300 ms.
    calls = 0;
    const second = await first.restart();
    for (let i = 0; i < 3; i++) {
      await second.settle();
      second.advanceProcessingTime(300);
    }
    await second.settle();
    expect(second.output).toEqual([{ key: "a", n: 1 }]);
    expect(calls).toBe(3);
    await second.close();
  });

  it("leave nothing behind in state once they are done", async () => {
    const service = new Service();
    let harness = await setUp(service, "keyed", {});
    harness.processRecords(requests(8));
    harness = await restart(harness, service, 2);
    while (service.underway.length > 0) service.answer(0);
    await harness.settle();
    const last = await restart(harness, service, 1);
    expect(service.underway).toEqual([]);
    expect(last.keyCount).toBe(0);
    await last.close();
  });

  for (const keying of ["keyed", "unkeyed"] as const) {
    for (const mode of ["ordered", "unordered"] as const) {
      it(`are neither lost nor doubled, at any parallelism: ${keying}, ${mode}`, async () => {
        const step = fc.oneof(
          { weight: 6, arbitrary: fc.record({ request: fc.nat(4) }) },
          { weight: 5, arbitrary: fc.record({ answer: fc.nat(20) }) },
          { weight: 3, arbitrary: fc.constant({ settle: true }) },
          { weight: 1, arbitrary: fc.record({ restart: fc.integer({ min: 1, max: 4 }) }) },
        );
        await fc.assert(
          fc.asyncProperty(
            fc.array(step, { maxLength: 60, size: "max" }),
            fc.integer({ min: 1, max: 4 }),
            async (steps, capacity) => {
              const service = new Service();
              let harness = await setUp(service, keying, { mode, capacity }, 2);
              const seen: Request[] = [];
              let sent = 0;
              for (const move of steps) {
                if ("request" in move && !harness.blocked)
                  harness.processRecord({ key: `key ${move.request}`, n: sent++ });
                else if ("answer" in move) service.answer(move.answer);
                else if ("settle" in move) await harness.settle();
                else if ("restart" in move) {
                  await harness.settle();
                  seen.push(...harness.output);
                  harness = await restart(harness, service, move.restart);
                }
              }
              for (let i = 0; i < 100 && service.underway.length > 0; i++) {
                while (service.underway.length > 0) service.answer(0);
                await harness.settle();
              }
              await harness.settle();
              seen.push(...harness.output);
              await harness.close();
              expect(seen.map(({ n }) => n).sort((a, b) => a - b)).toEqual(
                Array.from({ length: sent }, (_, n) => n),
              );
              const ordered = seen.every((r, i) => seen.slice(i).every((s) => s.key !== r.key || s.n >= r.n));
              expect(ordered || mode === "unordered" || keying === "unkeyed").toBe(true);
            },
          ),
          { numRuns: 30 },
        );
      });
    }
  }
});
