import type { Worker } from "node:worker_threads";
import type { Clock } from "../../../common/clock/clock.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";

/** A thread that can be looked into from outside, also while it loops. */
export type LookedInto = Pick<Worker, "startCpuProfile" | "getHeapStatistics">;

/** A CPU profile as DevTools know it. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

/** The longest profile, ms: it grows with it. */
const MAX_DURATION = 60_000;
/** ms beyond the duration in which a thread must answer. */
const ANSWER_TIMEOUT = 5000;

/** What a thread does during so many ms. @throws INVALID_ARGUMENT, SLOT_LOST where the thread ends meanwhile or doesn't answer */
export async function profileThread(thread: LookedInto, duration: number, clock: Clock): Promise<CpuProfile> {
  if (!(duration >= 1 && duration <= MAX_DURATION))
    throw new MillraceError(
      "INVALID_ARGUMENT",
      `expected a profile of 1 to ${MAX_DURATION} ms, got ${duration}`,
    );
  return within(clock, duration + ANSWER_TIMEOUT, async () => {
    const profile = await thread.startCpuProfile();
    await new Promise<void>((resolve) => void clock.schedule(duration, resolve));
    return JSON.parse(await profile.stop()) as CpuProfile;
  });
}

/** What a thread does now, as text: its heap, and the stack that it was in most of a short time. */
export async function dumpThread(thread: LookedInto, clock: Clock): Promise<string> {
  const [profile, heap] = await Promise.all([
    profileThread(thread, 30, clock),
    within(clock, ANSWER_TIMEOUT, () => thread.getHeapStatistics()),
  ]);
  const stack = commonestStack(profile);
  const used = `heap ${mebibytes(heap.used_heap_size)} of ${mebibytes(heap.heap_size_limit)} MiB`;
  return [used, ...stack.map((line) => `    at ${line}`)].join("\n");
}

function commonestStack({ nodes, samples }: CpuProfile): readonly string[] {
  const counts = new Map<number, number>();
  for (const id of samples) counts.set(id, (counts.get(id) ?? 0) + 1);
  const [top] = [...counts].sort(([, a], [, b]) => b - a)[0] ?? [];
  const parents = new Map(
    nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  );
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const stack: string[] = [];
  for (let id = top; id !== undefined; id = parents.get(id)) {
    const frame = byId.get(id)?.callFrame;
    if (frame === undefined || frame.functionName === "(root)") break;
    const where = frame.url === "" ? "" : ` (${frame.url}:${frame.lineNumber + 1})`;
    stack.push(`${frame.functionName || "(anonymous)"}${where}`);
  }
  return stack;
}

/** A thread that ends while it is looked into never answers. */
async function within<T>(clock: Clock, timeout: number, ask: () => Promise<T>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const timer = clock.schedule(timeout, () =>
    reject(
      new MillraceError("SLOT_LOST", `the thread has not answered within ${timeout} ms`, { retryable: true }),
    ),
  );
  ask().then(resolve, (error: unknown) =>
    reject(new MillraceError("SLOT_LOST", "the thread has ended", { cause: error, retryable: true })),
  );
  return promise.finally(() => timer.cancel());
}

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
