import { MillraceError } from "../../common/errors/millrace-error.ts";

/** The error of a channel whose other end went away before the end of partition. */
export function channelClosed(id: number, other: "producer" | "consumer"): MillraceError {
  return new MillraceError(
    "CHANNEL_CLOSED",
    `expected channel ${id} to go on until its end of partition, but its ${other} closed it before`,
    {
      help: `Look for the failure of the ${other}: this error only follows from it.`,
      details: { channel: id },
    },
  );
}

/** The error of a channel whose ends are in two processes, between which the connection is gone. */
export function channelLost(
  id: number,
  other: "producer" | "consumer",
  peer: string | undefined,
): MillraceError {
  return new MillraceError(
    "CONNECTION_LOST",
    `expected channel ${id} to go on until its end of partition, but the connection to its ${other} at ${peer ?? "another process"} is gone`,
    {
      retryable: true,
      help: "The logs of both TaskManagers tell why the connection was closed, or that one of them has ended.",
      details: { channel: id, peer },
    },
  );
}
