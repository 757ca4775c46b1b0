import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import { slotId } from "../../../../common/ids/ids.ts";
import type { ExecutionId } from "../../../../common/ids/ids.ts";
import type { ToSlot } from "../../../../protocol/control/messages.ts";
import { localSlot } from "../units/slot-provider.ts";
import type { OpenedSlot, SlotProvider, SlotsRequest } from "../units/slot-provider.ts";
import { ScriptedSlot } from "./scripted-slots.ts";

/** A slot whose tasks do what they are told, a little later: they run, acknowledge checkpoints, and end when they are cancelled. */
export class ObedientSlot extends ScriptedSlot {
  readonly #over = new Set<ExecutionId>();
  readonly #barriers: (checkpointId: number) => void;
  #running = false;

  /** @param barriers its tasks send the barriers of a checkpoint */
  constructor(barriers: (checkpointId: number) => void) {
    super();
    this.#barriers = barriers;
  }

  override send(message: ToSlot): void {
    super.send(message);
    setImmediate(() => this.#obey(message));
  }

  /** Whether it still runs tasks. */
  get alive(): boolean {
    return !this.closed && this.executions.some((execution) => !this.#over.has(execution));
  }

  /** Something happens to one of its tasks. */
  task(index: number, state: "FINISHED" | "FAILED"): void {
    const execution = this.executions[index % this.executions.length];
    if (execution !== undefined) this.#end(execution, state);
  }

  /** All its tasks come to their end. */
  finish(): void {
    for (const execution of this.executions) this.#end(execution, "FINISHED");
  }

  /** Its thread dies. */
  die(): void {
    for (const execution of this.executions) this.#over.add(execution);
    this.onClose?.(undefined);
  }

  #end(execution: ExecutionId, state: "FINISHED" | "FAILED" | "CANCELED"): void {
    if (this.closed || this.#over.has(execution) || (state === "FINISHED" && !this.#running)) return;
    this.#over.add(execution);
    const error = state === "FAILED" ? new MillraceError("USER_FUNCTION_FAILED", "on purpose") : undefined;
    this.state(execution, state, error);
  }

  #obey(message: ToSlot): void {
    if (this.closed) return;
    switch (message.type) {
      case "deploy":
        return this.deployed();
      case "start":
        this.#running = true;
        for (const state of ["INITIALIZING", "RUNNING"] as const)
          for (const execution of this.executions)
            if (!this.#over.has(execution)) this.state(execution, state);
        return;
      case "cancel":
        for (const execution of message.executions) this.#end(execution, "CANCELED");
        return;
      case "triggerCheckpoint":
        return this.#barriers(message.checkpointId);
      case "commitAtEnd":
        return this.finish();
      default:
    }
  }
}

/** Gives obedient slots, and sees that no two attempts of a task live at a time. */
export class ObedientSlots implements SlotProvider {
  readonly opened: ObedientSlot[] = [];
  /** So many of the next openings fail. */
  failures = 0;

  prepare(): void {}

  async open({ count }: SlotsRequest): Promise<readonly OpenedSlot[]> {
    if (this.failures > 0) {
      this.failures--;
      throw new MillraceError("SLOT_LOST", "no thread");
    }
    const slots = Array.from(
      { length: count },
      () =>
        new ObedientSlot((id) => {
          for (const slot of this.alive) slot.acknowledge(id);
        }),
    );
    this.opened.push(...slots);
    return slots.map((connection, index) => ({
      connection,
      location: localSlot(slotId(`obedient/${index}`)),
      exchange: undefined,
    }));
  }

  /** The slots that run tasks. */
  get alive(): readonly ObedientSlot[] {
    return this.opened.filter((slot) => slot.sent.length > 0 && slot.alive);
  }

  /** Subtasks that run more than once, which must not be. */
  get doubled(): readonly string[] {
    const subtasks = this.alive.flatMap(({ deployment }) =>
      deployment.tasks.map(({ vertex, subtask }) => `${vertex}/${subtask}`),
    );
    return subtasks.filter((subtask, index) => subtasks.indexOf(subtask) !== index);
  }
}
