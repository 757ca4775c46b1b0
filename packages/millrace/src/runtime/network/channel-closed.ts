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
