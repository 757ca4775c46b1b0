import { MillraceError } from "../../../../../common/errors/millrace-error.ts";
import type { ExecutionId } from "../../../../../common/ids/ids.ts";
import { initialState } from "../coordinator-state.ts";
import type { CoordinatorAction, CoordinatorEvent, SnapshotKind } from "../coordinator-state.ts";
import { decide, nextTick } from "../decide.ts";
import type { DecisionSettings } from "../decide.ts";

/** The executions of checked coordinators. */
export const A = "a/0#0" as ExecutionId;
export const B = "b/0#0" as ExecutionId;
const problem = new MillraceError("CHECKPOINT_FAILED", "disk full");

/** Something that happens to a coordinator. `pick` chooses a snapshot. */
export type Step =
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "request"; readonly kind: SnapshotKind }
  | { readonly do: "tasks"; readonly tasks: "waiting" | "running" | "atEnd" | "lost" }
  | {
      readonly do: "ack" | "decline" | "recorded" | "recordFailed" | "ended";
      readonly pick: number;
      readonly execution: ExecutionId;
    };

/** Runs a coordinator and holds it to its promises after each decision. */
export class CheckedCoordinator {
  #now = 0;
  #state = initialState(0);
  #tasks: "waiting" | "running" | "atEnd" = "waiting";
  readonly #settings: DecisionSettings;
  /** Of what has begun: how it ended. */
  readonly #ends = new Map<number, "open" | "complete" | "aborted">();
  readonly #kinds = new Map<number, SnapshotKind>();
  readonly #manual = new Set<number>();
  readonly #answers = new Map<number, number>();
  #recording: number | undefined;
  #lastCheckpoint = 0;
  #lastEnd = -Infinity;
  #failures = 0;
  #requests = 0;
  #stopped = false;

  constructor(settings: DecisionSettings) {
    this.#settings = settings;
  }

  take(step: Step): void {
    switch (step.do) {
      case "wait": {
        const until = this.#now + step.ms;
        for (;;) {
          const next = nextTick(this.#settings, this.#state);
          if (next === undefined || next > until) break;
          holds(next >= this.#now, "no tick is due in the past");
          this.#now = next;
          const before = this.#state;
          this.#on({ type: "tick" });
          holds(this.#state !== before, "a tick that is due has something to do");
        }
        this.#now = until;
        return;
      }
      case "request":
        return this.#on({ type: "requested", request: this.#requests++, kind: step.kind });
      case "tasks":
        this.#tasks = step.tasks === "lost" ? "waiting" : step.tasks;
        if (step.tasks === "lost") this.#on({ type: "tasksLost", error: problem });
        return this.#on({ type: "tasks", tasks: this.#tasks });
      case "ended":
        return this.#on({ type: "taskEnded", execution: step.execution });
      case "recorded":
      case "recordFailed": {
        const id = this.#recording;
        if (id === undefined) return;
        this.#recording = undefined;
        return step.do === "recorded"
          ? this.#on({ type: "recorded", id, tasksEnd: step.pick === 0 })
          : this.#on({ type: "recordFailed", id, error: problem });
      }
      default: {
        const open = [...this.#ends].filter(([, end]) => end === "open").map(([id]) => id);
        // Now and then something comes for one that is over.
        const id = step.pick === 0 ? [...this.#ends.keys()].at(-1) : open[step.pick % open.length];
        if (id === undefined) return;
        return step.do === "ack"
          ? this.#on({ type: "acknowledged", id, execution: step.execution })
          : this.#on({ type: "declined", id, error: problem });
      }
    }
  }

  end(): void {
    this.#on({ type: "jobOver", error: problem });
    if (this.#recording !== undefined) this.#on({ type: "recorded", id: this.#recording, tasksEnd: false });
    // Every one that began has ended, every request was answered, each once.
    holds(![...this.#ends.values()].includes("open"), "every snapshot that began has ended");
    for (let request = 0; request < this.#requests; request++)
      holds(this.#answers.get(request) === 1, "every request is answered once");
    holds(nextTick(this.#settings, this.#state) === undefined, "nothing is due after the end");
  }

  #on(event: CoordinatorEvent): void {
    const { state, actions } = decide(this.#settings, this.#state, event, this.#now);
    this.#state = state;
    const more: CoordinatorEvent[] = [];
    for (const action of actions) {
      this.#done(action);
      if (action.type === "begin") more.push({ type: "triggered", id: action.id, waiting: new Set([A, B]) });
    }
    for (const next of more) this.#on(next);
    // Nobody waits for nothing: what is underway or asked for has a time at which it ends.
    if (state.pending.some(({ givenUp }) => !givenUp))
      holds(
        (nextTick(this.#settings, state) ?? Infinity) <= this.#now + this.#settings.timeout,
        "what is underway ends at some time",
      );
  }

  #done(action: CoordinatorAction): void {
    const { maxConcurrent, minPause, exclusive, tolerableFailures } = this.#settings;
    switch (action.type) {
      case "begin": {
        holds(!this.#stopped, "nothing begins after a stop");
        holds(this.#tasks !== "waiting", "nothing begins while tasks wait");
        const open = [...this.#ends].filter(([, end]) => end === "open").map(([id]) => this.#kinds.get(id));
        holds(!open.includes("stop") && !open.includes("drain"), "nothing begins beside a stop");
        holds(!exclusive || open.length === 0, "one at a time where barriers overtake");
        if (action.kind === "checkpoint")
          holds(
            open.filter((kind) => kind === "checkpoint").length < maxConcurrent,
            "no more checkpoints than allowed",
          );
        if (action.kind === "checkpoint" && action.request === undefined && this.#tasks !== "atEnd")
          holds(this.#now >= this.#lastEnd + minPause, "a pause between checkpoints");
        this.#ends.set(action.id, "open");
        this.#kinds.set(action.id, action.kind);
        if (action.request !== undefined) this.#manual.add(action.id);
        return;
      }
      case "record":
        holds(this.#recording === undefined, "one is recorded at a time");
        this.#recording = action.id;
        return;
      case "complete":
        holds(this.#ends.get(action.id) === "open", "only what is underway ends");
        this.#ends.set(action.id, "complete");
        if (action.kind === "checkpoint") {
          holds(action.id > this.#lastCheckpoint, "checkpoints complete in order");
          this.#lastCheckpoint = action.id;
          this.#lastEnd = this.#now;
          this.#failures = 0;
        }
        if (action.kind === "stop" || action.kind === "drain") this.#stopped = true;
        return;
      case "abort":
        holds(this.#ends.get(action.id) === "open", "only what is underway ends");
        this.#ends.set(action.id, "aborted");
        if (action.kind === "checkpoint" && action.outcome === "failed") this.#lastEnd = this.#now;
        // Lost tasks look the same here, so this is the most that can be counted.
        if (action.kind === "checkpoint" && action.outcome === "failed" && !this.#manual.has(action.id))
          this.#failures++;
        return;
      case "discard":
        holds(this.#ends.get(action.id) === "aborted", "only what was given up is removed");
        return;
      case "answer":
      case "refuse":
        this.#answers.set(action.request, (this.#answers.get(action.request) ?? 0) + 1);
        return;
      case "failJob":
        holds(this.#failures > tolerableFailures, "so many failures are borne");
        this.#failures = 0;
        return;
      case "resume":
        return;
    }
  }
}

/** Fails the test that runs it where a promise is not kept. */
function holds(kept: boolean, promise: string): void {
  if (!kept) throw new MillraceError("INTERNAL", `not kept: ${promise}`);
}
