import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AlignerAction, CheckpointStart } from "./aligner-action.ts";
import { BarrierAligner } from "./barrier-aligner.ts";

type Mode = CheckpointStart["options"]["mode"];

const checkpoint = (checkpointId: number, mode: Mode = "exactly-once"): CheckpointStart => ({
  checkpointId,
  timestamp: 1000 * checkpointId,
  options: {
    snapshot: "checkpoint",
    mode,
    alignment: "aligned",
    alignmentTimeout: undefined,
    location: undefined,
    incremental: true,
  },
});

/** Actions in short: "block 1", "unblock", "start 3 after 20", "decline 2", "cancel 2". */
const brief = (actions: readonly AlignerAction[]): string[] =>
  actions.map((action) => {
    switch (action.kind) {
      case "block":
        return `block ${action.channel}`;
      case "unblock":
        return "unblock";
      case "start":
        return `start ${action.checkpoint.checkpointId} after ${action.alignment}`;
      case "decline":
      case "cancel":
        return `${action.kind} ${action.checkpointId}`;
    }
  });

describe("BarrierAligner", () => {
  it("starts at the last barrier, and holds each channel from its own barrier on", () => {
    const aligner = new BarrierAligner(3);
    expect(brief(aligner.barrier(1, checkpoint(1), 100))).toEqual(["block 1"]);
    expect(brief(aligner.barrier(0, checkpoint(1), 107))).toEqual(["block 0"]);
    expect(aligner.aligning).toBe(true);
    expect(brief(aligner.barrier(2, checkpoint(1), 120))).toEqual(["block 2", "unblock", "start 1 after 20"]);
    expect(aligner.aligning).toBe(false);
  });

  it("only counts at-least-once barriers, of several checkpoints at a time", () => {
    const aligner = new BarrierAligner(2);
    expect(brief(aligner.barrier(0, checkpoint(1, "at-least-once"), 0))).toEqual([]);
    expect(brief(aligner.barrier(0, checkpoint(2, "at-least-once"), 1))).toEqual([]);
    expect(brief(aligner.barrier(0, checkpoint(3, "at-least-once"), 2))).toEqual([]);
    expect(brief(aligner.barrier(1, checkpoint(1, "at-least-once"), 3))).toEqual(["start 1 after 3"]);
    // The second one's was lost on its way to the barrier of the third.
    expect(brief(aligner.barrier(1, checkpoint(3, "at-least-once"), 5))).toEqual([
      "decline 2",
      "cancel 2",
      "start 3 after 3",
    ]);
  });

  it("gives up a checkpoint when a channel goes on to a newer one without its barrier", () => {
    const aligner = new BarrierAligner(2);
    aligner.barrier(0, checkpoint(1), 0);
    expect(brief(aligner.barrier(1, checkpoint(2), 5))).toEqual([
      "decline 1",
      "unblock",
      "cancel 1",
      "block 1",
    ]);
    expect(brief(aligner.barrier(0, checkpoint(2), 6))).toEqual(["block 0", "unblock", "start 2 after 1"]);
  });

  it("declines a checkpoint whose first barrier comes after another channel has gone on to a newer one", () => {
    const aligner = new BarrierAligner(3);
    aligner.barrier(0, checkpoint(2), 0);
    expect(brief(aligner.barrier(1, checkpoint(1), 1))).toEqual(["decline 1", "cancel 1"]);
    expect(brief(aligner.barrier(2, checkpoint(1), 2))).toEqual([]);
    expect(brief(aligner.barrier(1, checkpoint(2), 3))).toEqual(["block 1"]);
    expect(brief(aligner.barrier(2, checkpoint(2), 3))).toEqual(["block 2", "unblock", "start 2 after 3"]);
  });

  it("counts channels that have ended as aligned", () => {
    const aligner = new BarrierAligner(3);
    expect(brief(aligner.endOfChannel(2, 0))).toEqual([]);
    aligner.barrier(0, checkpoint(1), 10);
    expect(brief(aligner.endOfChannel(1, 15))).toEqual(["unblock", "start 1 after 5"]);
    expect(brief(aligner.barrier(0, checkpoint(2), 20))).toEqual(["block 0", "unblock", "start 2 after 0"]);
  });

  it("starts triggered checkpoints at once without channels, and after the end of all channels otherwise", () => {
    expect(brief(new BarrierAligner(0).trigger(checkpoint(7), 3))).toEqual(["start 7 after 0"]);
    const aligner = new BarrierAligner(2);
    aligner.endOfChannel(0, 0);
    expect(aligner.trigger(checkpoint(1), 5)).toEqual([]);
    expect(aligner.trigger(checkpoint(2), 6)).toEqual([]);
    expect(brief(aligner.endOfChannel(1, 9))).toEqual(["start 1 after 4", "start 2 after 3"]);
    expect(brief(aligner.trigger(checkpoint(3), 10))).toEqual(["start 3 after 0"]);
  });

  it("gives up what the JobMaster or an upstream task gives up, and ignores its late barriers", () => {
    const aligner = new BarrierAligner(2);
    aligner.barrier(0, checkpoint(1), 0);
    expect(brief(aligner.abort(1))).toEqual(["unblock", "cancel 1"]);
    expect(brief(aligner.barrier(1, checkpoint(1), 1))).toEqual([]);
    aligner.barrier(0, checkpoint(2), 2);
    expect(brief(aligner.cancelBarrier(1, 2))).toEqual(["unblock", "cancel 2"]);
    expect(brief(aligner.abort(2))).toEqual([]);
    expect(brief(aligner.abort(3))).toEqual(["cancel 3"]);
    expect(brief(aligner.trigger(checkpoint(3), 3))).toEqual([]);
    expect(brief([...aligner.barrier(0, checkpoint(3), 3), ...aligner.barrier(1, checkpoint(3), 3)])).toEqual(
      [],
    );
    expect(aligner.remembered).toBeGreaterThan(0);
    for (const channel of [0, 1]) aligner.barrier(channel, checkpoint(4), 4);
    expect(aligner.remembered).toBe(0);
  });

  it("lets alone what has started", () => {
    const aligner = new BarrierAligner(1);
    aligner.barrier(0, checkpoint(4), 0);
    expect(aligner.abort(4)).toEqual([]);
    expect(aligner.cancelBarrier(0, 4)).toEqual([]);
    expect(aligner.trigger(checkpoint(4), 0)).toEqual([]);
    expect(aligner.barrier(0, checkpoint(3), 0)).toEqual([]);
  });

  it("agrees with what the whole history says, for any interleaving", () => {
    fc.assert(
      fc.property(scenario, ({ channels, modes, scripts, steps }) => {
        const aligner = new BarrierAligner(channels);
        const queues = scripts.slice(0, channels).map((script) => [...script]);
        const history: Happened[] = [];
        const seen: Seen = { started: [], declined: new Set(), cancelled: [], blocked: new Set() };
        for (const step of steps) {
          const happened = next(step, queues, seen.blocked, history);
          if (happened === undefined) continue;
          history.push(happened);
          note(apply(aligner, happened, modes), seen);
          expect(seen).toEqual(naive(channels, modes, history));
        }
      }),
      { numRuns: 3000 },
    );
  });
});

/** What came. */
type Happened =
  | { readonly kind: "barrier" | "cancelBarrier"; readonly channel: number; readonly id: number }
  | { readonly kind: "end"; readonly channel: number }
  | { readonly kind: "trigger" | "abort"; readonly id: number };

/** What a task has been told to do so far. */
interface Seen {
  readonly started: number[];
  readonly declined: Set<number>;
  readonly cancelled: number[];
  readonly blocked: Set<number>;
}

const IDS = 6;
const CHANNELS = 4;

/** For each checkpoint, what a channel brings: nothing, its barrier, or that none comes; perhaps the channel ends. */
const script = fc
  .tuple(
    fc.array(fc.constantFrom("barrier", "barrier", "barrier", "cancelBarrier", "nothing"), {
      minLength: IDS,
      maxLength: IDS,
    }),
    fc.boolean(),
  )
  .map(([kinds, ends]) => [
    ...kinds.flatMap((kind, id) => (kind === "nothing" ? [] : [{ kind, id } as const])),
    ...(ends ? [{ kind: "end" } as const] : []),
  ]);
type Scripted = readonly (
  | { readonly kind: "barrier" | "cancelBarrier"; readonly id: number }
  | { readonly kind: "end" }
)[];

const step = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant("read" as const), channel: fc.nat(CHANNELS - 1) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("trigger" as const), id: fc.nat(IDS - 1) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("abort" as const), id: fc.nat(IDS - 1) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const scenario = fc.record({
  channels: fc.integer({ min: 0, max: CHANNELS }),
  modes: fc.array(fc.constantFrom<Mode>("exactly-once", "exactly-once", "at-least-once"), {
    minLength: IDS,
    maxLength: IDS,
  }),
  scripts: fc.array(script as fc.Arbitrary<Scripted>, { minLength: CHANNELS, maxLength: CHANNELS }),
  steps: fc.array(step, { maxLength: 50 }),
});

/** What a step makes happen: blocked channels are not read; the JobMaster triggers no checkpoint older than what its barriers tell of. */
function next(
  todo: Step,
  queues: readonly Scripted[number][][],
  blocked: ReadonlySet<number>,
  history: readonly Happened[],
): Happened | undefined {
  if (todo.kind === "trigger") {
    const newest = Math.max(-1, ...history.map((it) => ("id" in it && it.kind !== "abort" ? it.id : -1)));
    return todo.id < newest ? undefined : todo;
  }
  if (todo.kind === "abort") return todo;
  const { channel } = todo;
  const queue = queues[channel];
  if (queue === undefined || blocked.has(channel)) return undefined;
  const item = queue.shift();
  if (item === undefined) return undefined;
  return item.kind === "end" ? { kind: "end", channel } : { ...item, channel };
}

function apply(
  aligner: BarrierAligner,
  happened: Happened,
  modes: readonly Mode[],
): readonly AlignerAction[] {
  const of = (id: number): CheckpointStart => checkpoint(id, modes[id]);
  switch (happened.kind) {
    case "barrier":
      return aligner.barrier(happened.channel, of(happened.id), 0);
    case "cancelBarrier":
      return aligner.cancelBarrier(happened.channel, happened.id);
    case "end":
      return aligner.endOfChannel(happened.channel, 0);
    case "trigger":
      return aligner.trigger(of(happened.id), 0);
    case "abort":
      return aligner.abort(happened.id);
  }
}

function note(actions: readonly AlignerAction[], seen: Seen): void {
  for (const action of actions) {
    switch (action.kind) {
      case "block":
        seen.blocked.add(action.channel);
        break;
      case "unblock":
        seen.blocked.clear();
        break;
      case "start":
        seen.started.push(action.checkpoint.checkpointId);
        break;
      case "decline":
        seen.declined.add(action.checkpointId);
        break;
      case "cancel":
        seen.cancelled.push(action.checkpointId);
        break;
    }
  }
}

/**
 * The same from all that ever came: after each event, looks at every checkpoint that is neither started nor given up, and asks what each
 * channel has brought.
 */
function naive(channels: number, modes: readonly Mode[], history: readonly Happened[]): Seen {
  const seen: Seen = { started: [], declined: new Set(), cancelled: [], blocked: new Set() };
  const all = Array.from({ length: channels }, (_, channel) => channel);
  const over = (id: number): boolean =>
    seen.cancelled.includes(id) || seen.started.some((started) => started >= id);
  for (let length = 1; length <= history.length; length++) {
    const past = history.slice(0, length);
    const last = past.at(-1)!;
    const brought = (kind: "barrier", channel: number, id: number): boolean =>
      past.some((it) => it.kind === kind && it.channel === channel && it.id === id);
    const ended = (channel: number): boolean =>
      past.some((it) => it.kind === "end" && it.channel === channel);
    const beyond = (channel: number, id: number): boolean =>
      past.some((it) => "channel" in it && it.kind !== "end" && it.channel === channel && it.id > id);
    for (let id = 0; id < IDS; id++) {
      if (over(id)) continue;
      const open = all.filter((channel) => !ended(channel));
      const passed =
        open.length === 0
          ? past.some((it) => it.kind === "trigger" && it.id > id)
          : open.every((channel) => beyond(channel, id));
      const known =
        all.some((channel) => brought("barrier", channel, id)) ||
        past.some((it) => it.kind === "trigger" && it.id === id);
      // Of what all have passed nothing is expected any more.
      if (passed && !known) continue;
      if ((last.kind === "abort" || last.kind === "cancelBarrier") && last.id === id) {
        seen.cancelled.push(id);
        continue;
      }
      if (!known) continue;
      const lost = all.some(
        (channel) => beyond(channel, id) && !brought("barrier", channel, id) && !ended(channel),
      );
      if (lost) {
        seen.declined.add(id);
        seen.cancelled.push(id);
      } else if (all.every((channel) => ended(channel) || brought("barrier", channel, id))) {
        seen.started.push(id);
      }
    }
  }
  for (let id = 0; id < IDS; id++) {
    if (over(id) || modes[id] !== "exactly-once") continue;
    for (const channel of all) {
      const held = history.some((it) => it.kind === "barrier" && it.channel === channel && it.id === id);
      if (held) seen.blocked.add(channel);
    }
  }
  return seen;
}
