import type { ClockTimer } from "../../../../common/clock/clock.ts";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { JobStatus } from "../../../../graph/execution/job-status.ts";
import { NO_HISTORY } from "../../../../protocol/cluster/job-history.ts";
import type { JobMishaps } from "../../../../protocol/cluster/job-history.ts";
import type { JobView, RescaleView } from "../../../../protocol/cluster/job-view.ts";
import type { ResourceRequirements } from "../../../../protocol/cluster/job-submission.ts";
import type { CompletedCheckpoint } from "../../../../runtime/checkpoint/storage/checkpoint-store.ts";
import type { BuiltJob } from "../../../artifact/build-job.ts";
import type { SnapshotOrder } from "../checkpoints/checkpoint-coordinator-options.ts";
import { CheckpointHistory } from "../checkpoints/checkpoint-history.ts";
import { JobMaster } from "../job-master.ts";
import type { JobInheritance } from "../job-inheritance.ts";
import type { JobRestore, MasterOutcome } from "../job-master-options.ts";
import { countedFailures, restartHistory } from "../restart/counted-failures.ts";
import { JobChronicle } from "../view/job-chronicle.ts";
import { MetricsPoller } from "../view/metrics-poller.ts";
import { viewCheckpoints } from "../view/view-checkpoints.ts";
import { viewJob } from "../view/view-job.ts";
import { parallelismOf, sameParallelism } from "./decide-parallelism.ts";
import type { Parallelisms } from "./decide-parallelism.ts";
import { growthAt } from "./decide-growth.ts";
import { decideWants } from "./decide-wants.ts";
import { decideStart } from "./decide-start.ts";
import type { Generation } from "./generation.ts";
import type { JobEnding, JobSupervisorOptions } from "./job-supervisor-options.ts";
import { ParallelismPlanner } from "./parallelism-planner.ts";
import { RescaleHistory } from "./rescale-history.ts";
import { schedulerSettings } from "./scheduler-settings.ts";
import type { SchedulerSettings } from "./scheduler-settings.ts";
import { SupervisedStatus } from "./supervised-status.ts";
import { TellMishaps } from "./tell-mishaps.ts";
import { SharedStore } from "./shared-store.ts";
import { waitingText } from "../../waiting-text.ts";
import { tooFewSlots } from "./too-few-slots.ts";

/** Before a rescaling that has failed is tried again, ms. */
const RETRY = 10_000;

/** What the job is whenever its generation is. */
const PASSED_ON: ReadonlySet<JobStatus> = new Set(["RUNNING", "RESTARTING", "FAILING", "CANCELLING"]);

/**
 * Owns a job over several JobMasters, its *generations*. To change the job's parallelism it takes a checkpoint, suspends the generation, and
 * starts the next one from it: the storage, numbers of checkpoints and of attempts go on, so that nothing is ever used twice. Between two
 * generations, and before the first, an adaptive job may wait for slots.
 *
 * Which parallelism it can have is decided purely (`decideParallelism`, `decideStart`, `growthAt`); `#step` asks for it whenever
 * something has changed, and does what comes out.
 */
export class JobSupervisor {
  /** Settles when the job has ended, or was suspended, and all its slots have let go of it. Never rejects. */
  readonly done: Promise<JobEnding>;
  readonly #options: JobSupervisorOptions;
  readonly #settings: SchedulerSettings;
  readonly #plan: ParallelismPlanner;
  readonly #store: SharedStore;
  readonly #chronicle: JobChronicle;
  readonly #mishaps: TellMishaps;
  readonly #rescales: RescaleHistory;
  readonly #metrics: MetricsPoller;
  readonly #startedAt: number;
  #endedAt: number | undefined;
  readonly #status: SupervisedStatus;
  #changedAt: number;
  #waitingSince: number;
  #generation: Generation | undefined;
  #built: BuiltJob;
  /** What the next generation starts from. */
  #restore: JobRestore | undefined;
  #inheritance: JobInheritance;
  #started = false;
  #rescaling = false;
  #retryAt = -Infinity;
  /** Slots that the next generation is about to have: they are kept for it. */
  #claim: number | undefined;
  /** What was said last of the slots that it needs and could use. */
  #wanted = "";
  /** Another parallelism was asked for, and it is not known yet whether there are slots for it. */
  #unanswered = false;
  #restarts: number;
  #ending: "cancel" | "suspend" | undefined;
  #over = false;
  #timer: ClockTimer | undefined;
  #resolve!: (ending: JobEnding) => void;
  #nextGeneration = Promise.withResolvers<void>();

  constructor(options: JobSupervisorOptions) {
    const { built, clock, store, recovered, requirements, history = NO_HISTORY } = options;
    this.#options = options;
    this.#settings = schedulerSettings(built.config);
    this.#plan = new ParallelismPlanner(built, this.#settings, requirements, options.available);
    this.#store = new SharedStore(store);
    this.#chronicle = new JobChronicle(clock, history.exceptions);
    this.#restarts = history.restarts;
    this.#mishaps = new TellMishaps(
      clock,
      () => this.#mishapsNow(),
      (mishaps) => options.onMishaps?.(mishaps),
    );
    this.#status = new SupervisedStatus(built.jobGraph.jobName, (status) => {
      this.#chronicle.status(status);
      options.onStatus(status);
    });
    this.#rescales = new RescaleHistory(clock);
    this.#metrics = new MetricsPoller(
      clock,
      async () => (await this.#generation?.master.metrics()) ?? new Map(),
    );
    this.#startedAt = options.startedAt ?? clock.now();
    this.#changedAt = clock.monotonic();
    this.#waitingSince = clock.monotonic();
    this.#built = built;
    const newest = recovered.at(-1);
    this.#restore = newest === undefined ? options.restore : { checkpoint: newest, claim: false };
    this.#inheritance = {
      firstAttempt: history.nextAttempt,
      lastCheckpointId: Math.max(0, ...recovered.map(({ metadata }) => metadata.checkpointId)),
      retained: recovered,
      incremental: newest !== undefined || options.restore === undefined || options.restore.claim,
      history: new CheckpointHistory(),
      failures: restartHistory(history.failures, clock),
    };
    this.done = new Promise((resolve) => (this.#resolve = resolve));
    this.#chronicle.status("INITIALIZING");
  }

  get status(): JobStatus {
    return this.#status.current;
  }

  /** Starts the job, now or when there are slots. Never throws. */
  start(): void {
    this.#status.to("CREATED");
    this.#step();
  }

  /** The job could have so many slots, those that it has among them. */
  slotsAvailable(count: number): void {
    if (this.#plan.setAvailable(count)) this.#changedAt = this.#options.clock.monotonic();
    else if (!this.#unanswered) return;
    this.#step();
    if (this.#unanswered) this.#answerRequest();
  }

  /**
   * What the job may use from now on. Returns when that is noted, not when it is so.
   *
   * @throws INVALID_ARGUMENT for what it can't do, CONFLICT when it has ended
   */
  require(requirements: ResourceRequirements): void {
    if (this.#over || this.#ending !== undefined)
      throw new MillraceError("CONFLICT", `the job is ${this.status}: it can't be rescaled any more`);
    this.#plan.require(requirements);
    this.#retryAt = -Infinity;
    this.#unanswered = this.#generation !== undefined;
    if (this.#generation === undefined) this.#rescales.began("request");
    const known = this.#plan.available !== undefined && !this.#declare();
    this.#step();
    if (known && this.#unanswered) this.#answerRequest();
  }

  /** Stops the job without finishing it. Safe to call at any time. */
  cancel(): void {
    if (this.#over || this.#ending === "cancel") return;
    this.#ending = "cancel";
    if (this.#generation === undefined) this.#endWaiting((master) => master.cancel(), "CANCELED", undefined);
    else this.#generation.master.cancel();
  }

  /** Something of the job failed that is no task. Safe to call at any time. */
  jobFailed(error: Error): void {
    this.#generation?.master.jobFailed(error);
  }

  /** Lets the job go without an outcome: it can be recovered. One that is about to end, ends. Safe to call at any time. */
  suspend(): void {
    if (this.#over || this.#ending !== undefined) return;
    this.#ending = "suspend";
    if (this.#generation === undefined) this.#conclude("SUSPENDED", undefined);
    else this.#generation.master.suspend();
  }

  /**
   * Takes a checkpoint or savepoint, by whichever generation can.
   *
   * @throws as `JobMaster.snapshot`
   */
  async snapshot(order: SnapshotOrder): Promise<CompletedCheckpoint> {
    for (;;) {
      const generation = this.#generation;
      if (generation === undefined) {
        if (this.#over || this.#ending !== undefined)
          throw new MillraceError("CHECKPOINT_FAILED", `no ${order.kind} can be taken: the job has ended`);
        await this.#nextGeneration.promise;
        continue;
      }
      try {
        return await generation.master.snapshot(order);
      } catch (error) {
        const { master } = generation;
        // It was rescaled meanwhile: the next generation can do the same.
        if (master.status !== "SUSPENDED" || this.#ending !== undefined) throw error;
        await master.done;
        if (this.#generation === generation) await this.#nextGeneration.promise;
      }
    }
  }

  /** The job as it is. Waits for nobody. */
  describe(): JobView {
    this.#metrics.wanted();
    const options = this.#options;
    const generation = this.#generation;
    const inheritance = this.#inheritance;
    const { jobGraph, streamGraph, config } = this.#built;
    const retained = generation?.master.inheritance.retained ?? inheritance.retained;
    return viewJob({
      jobId: options.jobId,
      jobGraph,
      streamGraph,
      config,
      status: this.status,
      startedAt: this.#startedAt,
      endedAt: this.#endedAt,
      restarts: this.#restartsNow,
      waiting: this.#waitingText(),
      chronicle: this.#chronicle,
      rates: this.#metrics.rates,
      attempts: generation?.master.attempts ?? [],
      checkpoints: viewCheckpoints(
        inheritance.history,
        jobGraph,
        new Set(retained.map(({ metadata }) => metadata.checkpointId)),
      ),
      rescales: this.#rescales.all,
      requirements: this.#plan.bounds,
      limits: this.#plan.limits,
    });
  }

  get #restartsNow(): number {
    return this.#restarts + (this.#generation?.master.restarts ?? 0);
  }

  #mishapsNow(): JobMishaps {
    const failures = this.#generation?.master.failures ?? this.#inheritance.failures;
    return {
      restarts: this.#restartsNow,
      failures: countedFailures(failures, this.#options.clock),
      exceptions: this.#chronicle.exceptions,
    };
  }

  /** Does what is to be done now, if anything is. */
  #step(): void {
    this.#timer?.cancel();
    this.#declare();
    if (this.#over || this.#rescaling || this.#ending !== undefined) return;
    if (this.#generation === undefined) this.#startIfPossible();
    else this.#rescaleIfNeeded(this.#generation);
  }

  #startIfPossible(): void {
    const { clock } = this.#options;
    const possible = this.#plan.possible();
    if (!this.#settings.adaptive) {
      // Who opens slots waits for them.
      this.#launch(possible ?? this.#plan.upper());
      return;
    }
    const decision = decideStart(
      this.#settings,
      {
        possible,
        complete: possible !== undefined && sameParallelism(possible, this.#plan.upper()),
        started: this.#started,
        waitingSince: this.#waitingSince,
        changedAt: this.#changedAt,
      },
      clock.monotonic(),
    );
    if (decision.kind === "start") this.#launch(decision.parallelism);
    else if (decision.kind === "wait") this.#stepAt(decision.until);
    else {
      const error = tooFewSlots(
        this.#plan.least,
        this.#plan.available ?? 0,
        clock.monotonic() - this.#waitingSince,
      );
      this.#chronicle.failed(error, this.#built.jobGraph, undefined, undefined);
      this.#endWaiting((master) => master.giveUp(error), "FAILED", error);
    }
  }

  #rescaleIfNeeded({ master, parallelism, requirements, startedAt }: Generation): void {
    const possible = this.#plan.possible();
    if (possible === undefined || sameParallelism(possible, parallelism) || !master.suspendable) return;
    const { slots, clock } = this.#options;
    const now = clock.monotonic();
    if (slots.waiting !== undefined && (this.#plan.available ?? 0) < this.#plan.slotsOf(parallelism)) {
      // It waits for slots that there are not: its tasks don't run, and no checkpoint can be taken.
      this.#begins("lost resources", possible);
      master.suspend();
      return;
    }
    const requested = requirements !== this.#plan.requirements;
    const due = requested
      ? now
      : this.#plan.elastic
        ? growthAt(this.#settings, parallelism, possible, { changedAt: this.#changedAt, startedAt })
        : undefined;
    if (due === undefined) return;
    const at = Math.max(due, this.#retryAt);
    if (at > now) this.#stepAt(at);
    else void this.#rescale(requested ? "request" : "new resources");
  }

  async #rescale(trigger: RescaleView["trigger"]): Promise<void> {
    const generation = this.#generation as Generation;
    const { slots, clock } = this.#options;
    this.#rescaling = true;
    const planned = this.#plan.possible() ?? generation.parallelism;
    this.#begins(trigger, planned);
    slots.prepare(this.#plan.slotsOf(planned));
    let failure: string | undefined;
    try {
      await generation.master.snapshot({ kind: "checkpoint", target: undefined });
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
    }
    this.#rescaling = false;
    // It failed meanwhile, and is planned anew: what was begun then goes on. Or it has ended.
    const replaced = this.#generation !== generation || generation.master.status === "SUSPENDED";
    if (replaced || this.#over) return this.#step();
    const possible = this.#plan.possible();
    if (
      failure === undefined &&
      (possible === undefined || sameParallelism(possible, generation.parallelism))
    )
      failure = "what it was for has changed meanwhile";
    if (failure === undefined && this.#ending === undefined && generation.master.suspend()) return;
    this.#claim = undefined;
    this.#rescales.failed(failure ?? "the job is about to end");
    if (failure !== undefined) this.#options.log("warn", `the job was not rescaled: ${failure}`);
    this.#retryAt = clock.monotonic() + RETRY;
    this.#step();
  }

  /** What failed is about to be started again: whether the job is to be planned anew instead. */
  #replans(generation: Generation): boolean {
    if (!this.#plan.elastic || this.#ending !== undefined || this.#plan.available === undefined) return false;
    const possible = this.#plan.possible();
    // Nothing but waiting helps: an adaptive job does it with its own timeout.
    if (possible === undefined && !this.#settings.adaptive) return false;
    if (possible !== undefined && sameParallelism(possible, generation.parallelism)) return false;
    const fewer =
      possible === undefined || this.#plan.slotsOf(possible) < this.#plan.slotsOf(generation.parallelism);
    const requested = generation.requirements !== this.#plan.requirements;
    this.#begins(requested ? "request" : fewer ? "lost resources" : "new resources", possible);
    this.#restarts++;
    this.#mishaps.changed();
    return true;
  }

  /** The next generation, at this parallelism. @param instead ends it at once, whose checkpoints are all that is left of the job */
  #launch(parallelism: Parallelisms, instead?: (master: JobMaster) => void): void {
    const options = this.#options;
    const { clock } = options;
    let generation: Generation | undefined;
    try {
      const built = this.#plan.builtAt(parallelism);
      const master = new JobMaster({
        jobId: options.jobId,
        epoch: options.epoch,
        streamGraph: built.streamGraph,
        jobGraph: built.jobGraph,
        packed: false,
        slots: options.slots,
        program: options.program,
        args: built.args,
        config: built.config,
        clock,
        random: options.random,
        streams: options.streams,
        restore: this.#restore,
        inheritance: this.#inheritance,
        observer: {
          status: (status) => this.#masterStatus(status),
          failed: (error, attempt, at) => {
            this.#chronicle.failed(error, built.jobGraph, attempt, at);
            this.#mishaps.changed();
          },
          counted: () => this.#mishaps.changed(),
          replaced: (attempt) => this.#chronicle.replaced(attempt),
          tasksChanged: () => this.#tasksChanged(),
        },
        replans: () => generation !== undefined && this.#replans(generation),
        checkpointed: options.checkpointed,
        committing: options.committing,
        ending: (status) => this.#ends(status),
        createStore: async () => this.#store,
        log: (level, message) => options.log(level, message),
      });
      generation = {
        master,
        built,
        parallelism,
        requirements: this.#plan.requirements,
        startedAt: clock.monotonic(),
      };
      this.#rescales.planned(parallelismOf(this.#built), parallelism, this.#plan.unmet(parallelism));
      if (this.#started) {
        options.log("info", `going on with ${this.#plan.slotsOf(parallelism)} slots`);
      }
      this.#built = built;
    } catch (error) {
      this.#chronicle.failed(error as Error, this.#built.jobGraph, undefined, undefined);
      this.#ending ??= "cancel";
      void this.#ends("FAILED").then(() => this.#conclude("FAILED", error as Error));
      return;
    }
    this.#started = true;
    this.#generation = generation;
    this.#claim = undefined;
    this.#declare();
    this.#nextGeneration.resolve();
    this.#nextGeneration = Promise.withResolvers();
    const { master } = generation;
    void master.done.then((outcome) => this.#ended(generation, outcome));
    if (instead === undefined) {
      master.start().catch((error: unknown) => master.giveUp(error as Error));
      options.collect?.(master.results);
    } else instead(master);
  }

  #ended({ master, built }: Generation, outcome: MasterOutcome): void {
    if (outcome.status !== "SUSPENDED") {
      this.#inheritance = master.inheritance;
      this.#metrics.close(outcome.metrics);
      this.#conclude(outcome.status, outcome.error, outcome.givenUp);
      return;
    }
    for (const attempt of master.attempts) this.#chronicle.replaced(attempt);
    this.#inheritance = master.inheritance;
    this.#restarts += master.restarts;
    const { latest } = master;
    // What was to be claimed may not have been yet.
    const claim = this.#restore?.claim === true && latest === this.#restore.checkpoint;
    this.#restore =
      latest === undefined
        ? undefined
        : { checkpoint: latest, claim: claim && !this.#inheritance.retained.includes(latest) };
    this.#generation = undefined;
    this.#built = built;
    this.#waitingSince = this.#options.clock.monotonic();
    if (this.#ending === "suspend") this.#conclude("SUSPENDED", undefined);
    else if (this.#ending === "cancel") this.#endWaiting((next) => next.cancel(), "CANCELED", undefined);
    else this.#step();
  }

  /** Ends a job that has no generation: its checkpoints are kept or removed as if it had one. */
  #endWaiting(
    end: (master: JobMaster) => void,
    status: "CANCELED" | "FAILED",
    error: Error | undefined,
  ): void {
    // It can't be started any more.
    this.#ending ??= "cancel";
    if (this.#inheritance.retained.length === 0)
      void this.#ends(status).then(() => this.#conclude(status, error));
    else this.#launch(parallelismOf(this.#built), end);
  }

  async #ends(status: "FINISHED" | "CANCELED" | "FAILED"): Promise<void> {
    await this.#options.ending?.(status);
  }

  #conclude(status: JobEnding["status"], error: Error | undefined, givenUp?: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#timer?.cancel();
    this.#metrics.close(new Map());
    this.#rescales.failed("the job has ended");
    this.#endedAt = status === "SUSPENDED" ? undefined : this.#options.clock.now();
    this.#status.to(status);
    this.#nextGeneration.resolve();
    this.#resolve({ status, error, givenUp, view: this.describe() });
  }

  /** Of a generation; between two of them the job restarts. An end is told by `#conclude`, when its last metrics are in. */
  #masterStatus(status: JobStatus): void {
    if (status === "SUSPENDED") {
      if (this.#ending !== "suspend") this.#status.to("RESTARTING");
    } else if (PASSED_ON.has(status)) this.#status.to(status);
  }

  #tasksChanged(): void {
    this.#declare();
    const inProgress = this.#rescales.all[0]?.status === "IN_PROGRESS";
    if (inProgress && !this.#rescaling && this.#generation?.master.allRunning === true)
      this.#rescales.completed();
  }

  /** A rescaling begins; what it is to have is kept for it. */
  #begins(trigger: RescaleView["trigger"], planned: Parallelisms | undefined): void {
    this.#unanswered = false;
    this.#rescales.began(trigger);
    this.#claim = planned === undefined ? undefined : this.#plan.slotsOf(planned);
    this.#declare();
  }

  /** It is known what slots there are for what was asked for, and no rescaling has come of it. */
  #answerRequest(): void {
    const generation = this.#generation;
    if (generation === undefined || this.#rescaling || this.#ending !== undefined || this.#over) return;
    this.#unanswered = false;
    const unmet = this.#plan.unmet(generation.parallelism);
    if (!generation.master.suspendable) return;
    this.#rescales.began("request");
    if (unmet === undefined) this.#rescales.completed();
    else this.#rescales.failed(unmet);
  }

  /** Tells what slots the job needs, and could use. @returns whether that has changed */
  #declare(): boolean {
    const [least, most] = this.#wants();
    const wanted = `${least} ${most}`;
    if (wanted === this.#wanted) return false;
    this.#wanted = wanted;
    this.#options.slots.want(least, most);
    return true;
  }

  #wants(): readonly [least: number, most: number] {
    if (this.#over || this.#ending !== undefined) return [0, 0];
    const possible = this.#plan.possible();
    return decideWants({
      least: this.#plan.least,
      upper: this.#plan.slotsOf(this.#plan.upper()),
      claim: this.#claim,
      possible: possible === undefined ? undefined : this.#plan.slotsOf(possible),
      running: this.#generation?.master.slotsNeeded,
      elastic: this.#plan.elastic,
    });
  }

  #stepAt(time: number | undefined): void {
    const { clock } = this.#options;
    if (time === undefined) return;
    this.#timer = clock.schedule(Math.max(0, Math.ceil(time - clock.monotonic())), () => this.#step());
  }

  #waitingText(): string | undefined {
    const { slots, clock } = this.#options;
    if (this.#over) return undefined;
    const now = clock.monotonic();
    const text = (needed: number, since: number, timeout: number): string =>
      waitingText(needed, this.#plan.available ?? 0, now - since, timeout);
    if (this.#generation === undefined) {
      const enough = this.#plan.possible() !== undefined;
      return enough
        ? text(this.#plan.slotsOf(this.#plan.upper()), this.#waitingSince, this.#settings.stabilization)
        : text(this.#plan.least, this.#waitingSince, this.#settings.waitTimeout);
    }
    const waiting = slots.waiting;
    if (waiting !== undefined) return text(waiting.slots, waiting.since, 0);
    // It was asked to be rescaled, and runs on as it is until it can be.
    const wanting =
      this.#generation.requirements !== this.#plan.requirements && this.#plan.possible() === undefined;
    return wanting ? text(this.#plan.least, this.#changedAt, 0) : undefined;
  }
}
