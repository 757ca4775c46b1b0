import type { Clock } from "../../../common/clock/clock.ts";
import type { TaskManagerConnection } from "../../../protocol/cluster/connection.ts";
import type {
  TaskManagerDescription,
  TaskManagerHealth,
} from "../../../protocol/cluster/resource-messages.ts";
import { PendingQuestions } from "./pending-questions.ts";

/** A connection to a TaskManager, with what is known of who is at its other end. */
export class TaskManagerLink {
  readonly number: number;
  readonly connection: TaskManagerConnection;
  readonly questions: PendingQuestions;
  /** undefined: it has not registered yet. */
  description: TaskManagerDescription | undefined;
  health: TaskManagerHealth | undefined;
  /** ms since the epoch. */
  lastHeartbeatAt: number;
  /** When anything came last, in monotonic ms. */
  lastHeard: number;

  constructor(number: number, connection: TaskManagerConnection, clock: Clock) {
    this.number = number;
    this.connection = connection;
    this.questions = new PendingQuestions(clock);
    this.lastHeartbeatAt = clock.now();
    this.lastHeard = clock.monotonic();
  }

  /** For logs: "tm-1 (10.0.0.7:41234)". */
  get name(): string {
    const { peer } = this.connection;
    return this.description === undefined ? peer : `${this.description.taskManagerId} (${peer})`;
  }
}
