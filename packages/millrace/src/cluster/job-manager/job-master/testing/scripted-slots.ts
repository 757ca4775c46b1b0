import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import { slotId } from "../../../../common/ids/ids.ts";
import type { ExecutionId, VertexId } from "../../../../common/ids/ids.ts";
import type { SlotConnection } from "../../../../protocol/control/control-transport.ts";
import type { SlotDeployment } from "../../../../protocol/control/deployment.ts";
import { toEnvelope } from "../../../../protocol/control/error-envelope.ts";
import type { FromSlot, ToSlot } from "../../../../protocol/control/messages.ts";
import type { TaskSnapshot } from "../../../../protocol/control/snapshots.ts";
import { localSlot } from "../units/slot-provider.ts";
import type { OpenedSlot, SlotProvider, SlotsRequest } from "../units/slot-provider.ts";

type TaskState = Extract<FromSlot, { readonly type: "taskState" }>["state"];

/** A slot that does what the test says, and nothing by itself but answering for its metrics. */
export class ScriptedSlot implements SlotConnection {
  readonly sent: ToSlot[] = [];
  onMessage: ((message: FromSlot) => void) | undefined;
  onClose: ((error: Error | undefined) => void) | undefined;
  closed = false;

  send(message: ToSlot): void {
    this.sent.push(message);
    if (message.type === "reportMetrics")
      queueMicrotask(() => this.onMessage?.({ type: "metrics", request: message.request, tasks: {} }));
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  get deployment(): SlotDeployment {
    const [first] = this.sent;
    if (first?.type !== "deploy") throw new MillraceError("INTERNAL", "nothing was deployed here");
    return first.deployment;
  }

  /** Its executions: "v/0#0". */
  get executions(): readonly ExecutionId[] {
    return this.deployment.tasks.map(({ execution }) => execution);
  }

  /** What was sent to it, but for its deployment and requests for metrics. */
  get told(): readonly ToSlot[] {
    return this.sent.filter(({ type }) => type !== "deploy" && type !== "reportMetrics");
  }

  deployed(): void {
    this.onMessage?.({ type: "deployed", attempt: this.deployment.token.attempt });
  }

  state(execution: ExecutionId, state: TaskState, error?: Error): void {
    this.onMessage?.({ type: "taskState", execution, state, error: error && toEnvelope(error) });
  }

  /** From deployment to running. */
  run(): void {
    this.deployed();
    for (const execution of this.executions) {
      this.state(execution, "INITIALIZING");
      this.state(execution, "RUNNING");
    }
  }

  /** All its tasks come to this state. */
  all(state: TaskState): void {
    for (const execution of this.executions) this.state(execution, state);
  }

  acknowledge(checkpointId: number, snapshot: (vertex: VertexId) => TaskSnapshot = () => NOTHING): void {
    for (const { execution, vertex } of this.deployment.tasks) {
      this.onMessage?.({
        type: "checkpointAcknowledged",
        execution,
        checkpointId,
        snapshot: snapshot(vertex),
        metrics: {
          alignment: 0,
          sync: 0,
          async: 0,
          startDelay: 0,
          stateBytes: 10,
          writtenBytes: 5,
          channelBytes: 0,
        },
      });
    }
  }
}

/** A snapshot of tasks without state. */
export const NOTHING: TaskSnapshot = { operators: [], channels: [], finished: false };

/** Gives scripted slots, each time new ones. */
export class ScriptedSlots implements SlotProvider {
  /** By the order of opening. */
  readonly opened: ScriptedSlot[][] = [];
  /** How many were asked for ahead. */
  readonly prepared: number[] = [];
  /** Fails the next call. */
  failure: Error | undefined;

  prepare(count: number): void {
    this.prepared.push(count);
  }

  async open({ count }: SlotsRequest): Promise<readonly OpenedSlot[]> {
    const { failure } = this;
    this.failure = undefined;
    if (failure !== undefined) throw failure;
    const slots = Array.from({ length: count }, () => new ScriptedSlot());
    this.opened.push(slots);
    return slots.map((connection, index) => ({
      connection,
      location: localSlot(slotId(`scripted/${index}`)),
      exchange: undefined,
    }));
  }

  /** The slots of the latest opening. */
  get latest(): readonly ScriptedSlot[] {
    return this.opened.at(-1) ?? [];
  }
}
