import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import { unreachable } from "../../../../common/errors/unreachable.ts";
import type { CheckpointSettings } from "./checkpoint-settings.ts";
import type {
  CoordinatorAction,
  CoordinatorEvent,
  CoordinatorState,
  PendingSnapshot,
  SnapshotKind,
} from "./coordinator-state.ts";

/** What decisions depend on. */
export type DecisionSettings = Pick<
  CheckpointSettings,
  "interval" | "minPause" | "timeout" | "maxConcurrent" | "tolerableFailures" | "exclusive"
>;

type AbortOutcome = Extract<CoordinatorAction, { readonly type: "abort" }>["outcome"];

/** What an event leads to. */
export interface Decided {
  readonly state: CoordinatorState;
  readonly actions: readonly CoordinatorAction[];
}

/**
 * Decides about checkpoints: when they begin, whether they are complete, when they are given up. Pure; the driver feeds in what happens,
 * one event after the other, and does what comes out.
 *
 * @param now monotonic, ms; never less than at the event before
 */
export function decide(
  settings: DecisionSettings,
  state: CoordinatorState,
  event: CoordinatorEvent,
  now: number,
): Decided {
  const decision = new Decision(settings, state, now);
  decision.expire();
  decision.apply(event);
  decision.record();
  decision.begin();
  return { state: decision.state, actions: decision.actions };
}

/** When a `tick` is due next; undefined: not before something else happens. */
export function nextTick(settings: DecisionSettings, state: CoordinatorState): number | undefined {
  const times = [
    ...state.pending.filter(({ givenUp }) => !givenUp).map(({ deadline }) => deadline),
    ...state.requests.map(({ deadline }) => deadline),
  ];
  if (state.periodicAt !== undefined && mayBegin(settings, state))
    times.push(Math.max(state.periodicAt, state.endedAt + settings.minPause));
  return times.length === 0 ? undefined : Math.min(...times);
}

/** Whether a checkpoint may begin as far as others are concerned. */
function mayBegin(settings: DecisionSettings, state: CoordinatorState): boolean {
  const { pending, requests } = state;
  // Else checkpoints would keep a stop waiting for ever.
  const stopWaits = requests[0] !== undefined && stops(requests[0].kind);
  return (
    canTakePart(state) &&
    !stopWaits &&
    !(settings.exclusive && pending.length > 0) &&
    pending.filter(({ kind }) => kind === "checkpoint").length < settings.maxConcurrent
  );
}

/** Whether the tasks can take part in anything new. */
function canTakePart({ tasks, closed, pending }: CoordinatorState): boolean {
  const stopping = pending.some(({ kind }) => stops(kind));
  // Tasks must hear of them in the order of their numbers: one that has begun a later one passes over an earlier one.
  const untold = pending.some(({ phase }) => phase === "preparing");
  return !closed && !stopping && !untold && (tasks === "running" || tasks === "atEnd");
}

const stops = (kind: SnapshotKind): boolean => kind === "stop" || kind === "drain";

/** One decision in the making: the state, piece by piece replaced by the next. */
class Decision {
  state: CoordinatorState;
  readonly actions: CoordinatorAction[] = [];
  readonly #settings: DecisionSettings;
  readonly #now: number;

  constructor(settings: DecisionSettings, state: CoordinatorState, now: number) {
    this.#settings = settings;
    this.state = state;
    this.#now = now;
  }

  expire(): void {
    const { timeout } = this.#settings;
    for (const pending of this.state.pending) {
      if (pending.givenUp || pending.deadline > this.#now) continue;
      const missing = pending.waiting.size;
      this.#giveUp(
        pending,
        new MillraceError(
          "CHECKPOINT_EXPIRED",
          `${nameOf(pending)} took longer than ${timeout} ms: ${missing === 0 ? "it was not recorded in time" : `${missing} of its tasks did not acknowledge it in time`}`,
          {
            retryable: true,
            help: "Raise execution.checkpointing.timeout, or look for back-pressure and slow storage.",
          },
        ),
        true,
      );
    }
    for (const { request, kind, deadline } of this.state.requests) {
      if (deadline > this.#now) continue;
      this.#update({ requests: this.state.requests.filter((other) => other.request !== request) });
      const error = new MillraceError(
        "CHECKPOINT_EXPIRED",
        `the ${nameOfKind(kind)} could not begin within ${timeout} ms: not all tasks were running, or others were underway`,
        { retryable: true },
      );
      this.#do({ type: "refuse", request, error });
    }
  }

  apply(event: CoordinatorEvent): void {
    switch (event.type) {
      case "tick":
        return;
      case "tasks":
        return this.#tasks(event.tasks);
      case "requested":
        return this.#requested(event.request, event.kind);
      case "triggered":
        return this.#inPhase(event.id, "preparing", (pending) =>
          this.#replace({ ...pending, waiting: event.waiting, phase: phaseOf(event.waiting) }),
        );
      case "acknowledged":
        return this.#inPhase(event.id, "acknowledging", (pending) => {
          const waiting = new Set(pending.waiting);
          waiting.delete(event.execution);
          this.#replace({ ...pending, waiting, phase: phaseOf(waiting) });
        });
      case "declined": {
        const pending = this.#find(event.id);
        if (pending !== undefined && pending.phase !== "recording") this.#giveUp(pending, event.error, true);
        return;
      }
      case "recorded":
        return this.#inPhase(event.id, "recording", (pending) => this.#recorded(pending, event.tasksEnd));
      case "recordFailed":
        return this.#inPhase(event.id, "recording", (pending) => {
          this.#remove(pending);
          if (!pending.givenUp) this.#giveUp({ ...pending, phase: "ready" }, event.error, true);
        });
      case "tasksLost":
        return this.#tasksLost(event.error);
      case "taskEnded":
        for (const pending of this.state.pending)
          if (pending.waiting.has(event.execution)) this.#interrupt(pending);
        return;
      case "jobOver":
        return this.#close(event.error);
      default:
        return unreachable(event, "event of checkpoints");
    }
  }

  /** Hands the first that all have acknowledged to the storage. */
  record(): void {
    const { pending } = this.state;
    if (pending.some(({ phase }) => phase === "recording")) return;
    const next = pending.find(({ phase }) => phase === "ready");
    if (next === undefined) return;
    this.#replace({ ...next, phase: "recording" });
    this.#do({ type: "record", id: next.id });
  }

  /** Begins what is due and may begin. */
  begin(): void {
    // The tasks that would take part are about to go.
    if (this.actions.some(({ type }) => type === "failJob")) return;
    for (;;) {
      const [next] = this.state.requests;
      if (next === undefined || !this.#mayAnswer(next.kind)) break;
      this.#update({ requests: this.state.requests.slice(1) });
      this.#begin(next.kind, next.request);
    }
    const { periodicAt, endDue, endedAt } = this.state;
    const due =
      periodicAt !== undefined && Math.max(periodicAt, endedAt + this.#settings.minPause) <= this.#now;
    if (!(due || endDue) || !mayBegin(this.#settings, this.state)) return;
    this.#update({ endDue: false });
    this.#startInterval();
    this.#begin("checkpoint", undefined);
  }

  #mayAnswer(kind: SnapshotKind): boolean {
    if (kind === "checkpoint") return mayBegin(this.#settings, this.state);
    // What is underway when sources stop would be cut off by their end.
    const alone = this.#settings.exclusive || stops(kind);
    return canTakePart(this.state) && !(alone && this.state.pending.length > 0);
  }

  #begin(kind: SnapshotKind, request: number | undefined): void {
    const id = this.state.nextId;
    const pending: PendingSnapshot = {
      id,
      kind,
      request,
      deadline: this.#now + this.#settings.timeout,
      phase: "preparing",
      waiting: new Set(),
      givenUp: false,
    };
    this.#update({ nextId: id + 1, pending: [...this.state.pending, pending] });
    this.#do({ type: "begin", id, kind, request });
  }

  #startInterval(): void {
    const { interval } = this.#settings;
    this.#update({ periodicAt: interval === undefined ? undefined : this.#now + interval });
  }

  #tasks(tasks: CoordinatorState["tasks"]): void {
    const before = this.state.tasks;
    if (tasks === before) return;
    this.#update({ tasks });
    if (tasks === "running" || tasks === "atEnd") {
      if (this.state.periodicAt === undefined) this.#startInterval();
    } else this.#update({ periodicAt: undefined });
    this.#update({ endDue: tasks === "atEnd" && this.#settings.interval !== undefined });
  }

  #requested(request: number, kind: SnapshotKind): void {
    const { closed, pending, requests } = this.state;
    const stopping = stops(kind) && [...pending, ...requests].some((other) => stops(other.kind));
    if (closed || stopping) {
      const why = closed ? "the job is over, or about to be" : "the job is being stopped already";
      const error = new MillraceError("CHECKPOINT_FAILED", `no ${nameOfKind(kind)} can be taken: ${why}`);
      this.#do({ type: "refuse", request, error });
      return;
    }
    const deadline = this.#now + this.#settings.timeout;
    this.#update({ requests: [...requests, { request, kind, deadline }] });
  }

  #recorded(pending: PendingSnapshot, tasksEnd: boolean): void {
    const { id, kind, request, givenUp } = pending;
    this.#remove(pending);
    if (givenUp) {
      this.#do({ type: "discard", id });
      return;
    }
    if (kind === "checkpoint") this.#update({ failures: 0, endedAt: this.#now });
    this.#do({ type: "complete", id, kind });
    if (request !== undefined) this.#do({ type: "answer", request, id });
    if (kind === "savepoint") return;
    for (const earlier of this.state.pending)
      if (earlier.kind === "checkpoint" && earlier.id < id) this.#subsume(earlier, id);
    // Tasks that end now take no part in what has begun meanwhile.
    if (tasksEnd) for (const later of this.state.pending) if (inTasks(later)) this.#interrupt(later);
    if (stops(kind))
      this.#close(new MillraceError("CHECKPOINT_FAILED", "the job was stopped with a savepoint"));
  }

  /** A later one is complete: nobody needs it any more, and completing it would go back. */
  #subsume(pending: PendingSnapshot, by: number): void {
    this.#remove(pending);
    const error = new MillraceError(
      "CHECKPOINT_FAILED",
      `${nameOf(pending)} is not needed any more: checkpoint ${by} is complete`,
    );
    this.#abort(pending, error, "needless");
    if (pending.request !== undefined) this.#do({ type: "answer", request: pending.request, id: by });
  }

  #tasksLost(error: MillraceError): void {
    // At once: what is given up makes room, and nothing may begin with tasks that are about to go.
    this.#tasks("waiting");
    for (const pending of this.state.pending) {
      // What all have acknowledged needs no task any more.
      if (inTasks(pending)) this.#giveUp(pending, error, false);
    }
  }

  /** It can't be completed because tasks have ended: who asked for it gets another one. */
  #interrupt(pending: PendingSnapshot): void {
    const { kind, request, deadline } = pending;
    const error = new MillraceError("CHECKPOINT_FAILED", `${nameOf(pending)} met tasks that were ending`, {
      retryable: true,
    });
    if (stops(kind)) {
      this.#giveUp(pending, error, false);
      return;
    }
    this.#remove(pending);
    this.#abort(pending, error, "needless");
    if (request !== undefined)
      this.#update({ requests: [{ request, kind, deadline }, ...this.state.requests] });
    // One is due all the same.
    else if (this.#settings.interval !== undefined) this.#update({ periodicAt: this.#now });
  }

  #close(error: MillraceError): void {
    if (this.state.closed) return;
    this.#update({ closed: true, periodicAt: undefined, endDue: false });
    for (const pending of this.state.pending) {
      if (pending.phase !== "recording") this.#giveUp(pending, error, false, "jobOver");
    }
    for (const { request } of this.state.requests) this.#do({ type: "refuse", request, error });
    this.#update({ requests: [] });
  }

  /** @param counted whether it is one of those that must not be too many */
  #giveUp(
    pending: PendingSnapshot,
    error: MillraceError,
    counted: boolean,
    outcome: AbortOutcome = "failed",
  ): void {
    const { kind, request, phase } = pending;
    if (phase === "recording") this.#replace({ ...pending, givenUp: true });
    else this.#remove(pending);
    this.#abort(pending, error, outcome);
    if (request !== undefined) this.#do({ type: "refuse", request, error });
    if (kind === "checkpoint") {
      this.#update({ endedAt: this.#now });
      if (counted && request === undefined) this.#count(error);
    } else if (kind === "drain" && phase !== "preparing" && !this.state.closed) {
      // A task that stops for a savepoint goes on when that fails; one that has finished can't.
      this.#do({ type: "resume", error });
    }
  }

  #abort({ id, kind, request }: PendingSnapshot, error: MillraceError, outcome: AbortOutcome): void {
    this.#do({ type: "abort", id, kind, asked: request !== undefined, error, outcome });
  }

  #count(cause: MillraceError): void {
    const failures = this.state.failures + 1;
    const { tolerableFailures } = this.#settings;
    if (failures <= tolerableFailures) {
      this.#update({ failures });
      return;
    }
    this.#update({ failures: 0 });
    const error = new MillraceError(
      "CHECKPOINT_FAILED",
      `${failures === 1 ? "a checkpoint" : `${failures} checkpoints one after the other`} failed: ${cause.message}`,
      {
        cause,
        retryable: true,
        help: "execution.checkpointing.tolerable-failed-checkpoints says how many may fail one after the other.",
      },
    );
    this.#do({ type: "failJob", error });
  }

  #inPhase(id: number, phase: PendingSnapshot["phase"], then: (pending: PendingSnapshot) => void): void {
    const pending = this.#find(id);
    if (pending?.phase === phase) then(pending);
  }

  #find(id: number): PendingSnapshot | undefined {
    return this.state.pending.find((pending) => pending.id === id);
  }

  #replace(by: PendingSnapshot): void {
    this.#update({ pending: this.state.pending.map((pending) => (pending.id === by.id ? by : pending)) });
  }

  #remove({ id }: PendingSnapshot): void {
    this.#update({ pending: this.state.pending.filter((pending) => pending.id !== id) });
  }

  #update(change: Partial<CoordinatorState>): void {
    this.state = { ...this.state, ...change };
  }

  #do(action: CoordinatorAction): void {
    this.actions.push(action);
  }
}

/** Whether it still needs tasks. */
const inTasks = ({ phase }: PendingSnapshot): boolean => phase === "preparing" || phase === "acknowledging";

const phaseOf = (waiting: ReadonlySet<unknown>): PendingSnapshot["phase"] =>
  waiting.size === 0 ? "ready" : "acknowledging";

/** "checkpoint 3", "savepoint 4". */
const nameOf = ({ id, kind }: PendingSnapshot): string => `${nameOfKind(kind)} ${id}`;

const nameOfKind = (kind: SnapshotKind): string => (kind === "checkpoint" ? "checkpoint" : "savepoint");
