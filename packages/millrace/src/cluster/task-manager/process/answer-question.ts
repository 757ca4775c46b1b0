import type { Clock } from "../../../common/clock/clock.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { unreachable } from "../../../common/errors/unreachable.ts";
import type { TaskManagerQuestion, ThreadDump } from "../../../protocol/cluster/resource-messages.ts";
import type { LogFiles } from "../../logging/log-files.ts";
import type { WorkerSlot } from "../worker-slot.ts";
import { dumpThread, profileThread } from "./look-into-thread.ts";

/** Where answers come from. */
export interface AnswerSources {
  readonly logs: LogFiles;
  readonly clock: Clock;
  /** By allocation. */
  readonly threads: () => ReadonlyMap<number, WorkerSlot>;
  readonly metrics: () => Readonly<Record<string, number>>;
}

/** What REST wants to know of a TaskManager. @throws NOT_FOUND, INVALID_ARGUMENT, SLOT_LOST */
export async function answerQuestion(
  question: TaskManagerQuestion,
  sources: AnswerSources,
): Promise<unknown> {
  switch (question.kind) {
    case "logs":
      return sources.logs.list();
    case "log": {
      const { name, offset, bytes } = question;
      if (typeof name !== "string" || !Number.isSafeInteger(offset) || !Number.isSafeInteger(bytes))
        throw new MillraceError("INVALID_ARGUMENT", "expected a log's name, offset and number of bytes");
      return sources.logs.read(name, offset, bytes);
    }
    case "threadDump":
      return dumpThreads(sources);
    case "profile": {
      const thread = sources.threads().get(question.allocation);
      if (thread === undefined)
        throw new MillraceError("NOT_FOUND", `no slot has the allocation ${question.allocation}`);
      return profileThread(thread.thread, question.duration, sources.clock);
    }
    case "metrics":
      return sources.metrics();
    default:
      return unreachable(question, "question to a TaskManager");
  }
}

async function dumpThreads({ threads, clock }: AnswerSources): Promise<readonly ThreadDump[]> {
  const dumps = [...threads()].map(async ([allocation, { name, thread }]) => ({
    threadName: `${name} (allocation ${allocation})`,
    text: await dumpThread(thread, clock).catch((error: unknown) => (error as Error).message),
  }));
  return [{ threadName: "main", text: "answers the JobManager" }, ...(await Promise.all(dumps))];
}
