import type { FromJobMaster, ToJobMaster } from "../../../../protocol/cluster/job-master-messages.ts";

/**
 * The thread of a job's JobMaster, seen from the main thread. Its user code may do anything, or nothing for ever: whoever waits for an answer
 * sets himself a limit, and ends the thread after it.
 */
export interface JobThread {
  /** @param transfer buffers of the message that go over with it */
  send(message: ToJobMaster, transfer?: readonly ArrayBuffer[]): void;
  onMessage: ((message: FromJobMaster) => void) | undefined;
  /** It has ended by itself, and why, in words that go on after "has ended: "; comes once, and not after `end`. */
  onExit: ((error: Error | undefined) => void) | undefined;
  /** Ends it, whatever it does. Settles when it is gone; safe to call twice. */
  end(): Promise<void>;
}

/** Starts a thread. @param name for logs and thread dumps */
export type SpawnJobThread = (name: string) => JobThread;
