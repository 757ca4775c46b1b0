import type { ExecutionId } from "../../../../common/ids/ids.ts";
import type { JobGraph } from "../../../../graph/job/job-graph.ts";
import type { ToSlot } from "../../../../protocol/control/messages.ts";
import type { TasksPhase } from "../checkpoints/coordinator-state.ts";
import type { LivingSubtask } from "../checkpoints/plan-trigger.ts";
import type { Execution } from "./execution-table.ts";
import { planUnits } from "./plan-units.ts";
import type { FailoverUnit } from "./plan-units.ts";
import { subtaskKey } from "./subtask-key.ts";
import type { SubtaskKey } from "./subtask-key.ts";
import type { UnitAttempt } from "./unit-attempt.ts";

/** A failover unit and how it is. */
export interface JobUnit {
  readonly unit: FailoverUnit;
  /** The attempt at hand, or the last one; undefined before the first. */
  attempt: UnitAttempt | undefined;
  /**
   * running: its attempt goes on. failing: its attempt failed, and is not over. waiting: it is over, another is to follow. ended: nothing
   * follows.
   */
  phase: "running" | "failing" | "waiting" | "ended";
  /** Settles when the slots of the last attempt are closed. */
  closed: Promise<void>;
}

/** All failover units of a job, and their executions taken together. */
export class JobUnits {
  readonly all: readonly JobUnit[];
  /** The producers of each subtask that has any. */
  readonly producers: ReadonlyMap<SubtaskKey, readonly SubtaskKey[]>;
  readonly #unitOf: ReadonlyMap<SubtaskKey, JobUnit>;

  constructor(graph: JobGraph, packed: boolean) {
    this.all = planUnits(graph, packed).map((unit) => ({
      unit,
      attempt: undefined,
      phase: "running",
      closed: Promise.resolve(),
    }));
    this.#unitOf = new Map(
      this.all.flatMap((job) =>
        job.unit.tasks.map(({ vertex, subtask }) => [subtaskKey(vertex, subtask), job] as const),
      ),
    );
    const producers = new Map<SubtaskKey, SubtaskKey[]>();
    for (const { unit } of this.all) {
      for (const { producer, consumer } of unit.channels) {
        const key = subtaskKey(consumer.vertex, consumer.subtask);
        const known = producers.get(key) ?? [];
        known.push(subtaskKey(producer.vertex, producer.subtask));
        producers.set(key, known);
      }
    }
    this.producers = producers;
  }

  /** The unit of an attempt; undefined when another attempt has followed. */
  of(attempt: UnitAttempt): JobUnit | undefined {
    return this.all.find((unit) => unit.attempt === attempt);
  }

  /** Whether every unit is over: none has tasks, or will. */
  get allOver(): boolean {
    return this.all.every(({ attempt }) => attempt?.over !== false);
  }

  /** The attempts at hand, or the last ones. */
  get attempts(): readonly UnitAttempt[] {
    return this.all.flatMap(({ attempt }) => attempt ?? []);
  }

  get executions(): readonly Execution[] {
    return this.attempts.flatMap(({ executions }) => executions.all);
  }

  /** The subtasks whose executions run. */
  living(): readonly LivingSubtask[] {
    return this.executions
      .filter(({ machine }) => machine.state === "RUNNING")
      .map(({ key, id }) => ({ key, execution: id }));
  }

  /** The subtasks whose executions have finished. */
  ended(): readonly SubtaskKey[] {
    return this.executions.filter(({ machine }) => machine.state === "FINISHED").map(({ key }) => key);
  }

  /** @param afterTasksFinish whether checkpoints go on when some tasks have finished */
  tasksPhase(afterTasksFinish: boolean): TasksPhase {
    if (
      this.all.some(
        ({ phase, attempt }) => phase === "failing" || phase === "waiting" || attempt === undefined,
      )
    )
      return "waiting";
    const { executions } = this;
    const states = executions.map(({ machine }) => machine.state);
    if (states.every((state) => state === "FINISHED")) return "gone";
    if (states.some((state) => state !== "RUNNING" && state !== "FINISHED")) return "waiting";
    const living = executions.filter(({ machine }) => machine.state === "RUNNING");
    const ended = living.filter(({ endOfData }) => endOfData);
    if (!afterTasksFinish && (ended.length > 0 || living.length < executions.length)) return "waiting";
    return ended.length === living.length ? "atEnd" : "running";
  }

  /** Sends to the execution that is the subtask now; nothing where it is over. */
  send(key: SubtaskKey, message: (execution: ExecutionId) => ToSlot): void {
    const attempt = this.#unitOf.get(key)?.attempt;
    const execution = attempt?.executions.all.find((other) => other.key === key);
    if (execution !== undefined && !execution.machine.terminal)
      attempt?.send(execution.slot, message(execution.id));
  }

  /** Sends to the slots of these executions, to each slot once. */
  sendTo(executions: readonly ExecutionId[], message: (own: readonly ExecutionId[]) => ToSlot): void {
    const wanted = new Set(executions);
    for (const attempt of this.attempts) {
      const bySlot = new Map<number, ExecutionId[]>();
      for (const { id, slot } of attempt.executions.all) {
        if (!wanted.has(id)) continue;
        const own = bySlot.get(slot) ?? [];
        own.push(id);
        bySlot.set(slot, own);
      }
      for (const [slot, own] of bySlot) attempt.send(slot, message(own));
    }
  }

  broadcast(message: ToSlot): void {
    for (const attempt of this.attempts) attempt.broadcast(message);
  }
}
