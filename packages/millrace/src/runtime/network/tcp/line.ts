import type { Outbox } from "./outbox.ts";

/**
 * A connection, as the exchanges on it use it. What is put into the outbox leaves with `flush`, at the latest when the connection's next bytes
 * have been looked at.
 */
export interface Line {
  readonly outbox: Outbox;
  /** The peer takes less than it is sent: what can be said later should be. `onDrain` of the legs is called when it goes on. */
  readonly congested: boolean;
  flush(): void;
  /** An exchange doesn't use its number any more: what still comes for it is passed over. */
  release(handle: number): void;
}
