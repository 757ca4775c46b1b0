import type { ChannelSnapshot } from "../../../protocol/control/snapshots.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { InputChannel } from "../../network/channel.ts";
import type { StateFiles } from "../storage/state-files.ts";
import type { ChannelPlace } from "./channel-place.ts";
import { InFlightReplay } from "./in-flight-replay.ts";
import { ReplayGroup } from "./replay-group.ts";
import { RestoredChannel } from "./restored-channel.ts";

/**
 * A task's channels, which first give the records that were in flight when its checkpoint was taken. Each part goes to the channel between
 * its two subtasks or, where there is none any more, to the first of its edge. No channel gives anything new before all parts have been
 * processed: at another parallelism a key's next record may come on any of them.
 *
 * @param places of the channels, in their order
 * @param parts in the order in which records of one edge are to be processed
 * @throws INTERNAL when a part is of no edge that leads here: the restore was checked before
 */
export function restoreInputs(
  channels: readonly InputChannel[],
  places: readonly ChannelPlace[],
  parts: readonly ChannelSnapshot[],
  files: StateFiles,
): readonly InputChannel[] {
  if (parts.length === 0) return channels;
  const byChannel = Map.groupBy(parts, (part) => channelOf(part, places));
  const replays = new Map(
    [...byChannel].map(([index, own]) => [
      index,
      new InFlightReplay(own, places[index] as ChannelPlace, files),
    ]),
  );
  const group = new ReplayGroup([...replays.values()]);
  return channels.map((channel, index) => new RestoredChannel(channel, replays.get(index), group));
}

/** The position of the channel that a part is replayed on. */
function channelOf(part: ChannelSnapshot, places: readonly ChannelPlace[]): number {
  const ofEdge = places.filter(
    (place) =>
      place.sourceUid === part.sourceUid &&
      place.sideOutput === part.sideOutput &&
      place.targetUid === part.targetUid &&
      place.targetInput === part.targetInput,
  );
  const [first] = ofEdge;
  if (first === undefined) {
    throw new MillraceError(
      "INTERNAL",
      `records in flight from operator "${part.sourceUid}" to "${part.targetUid}" were given to a task that no such edge leads to`,
    );
  }
  const same = ofEdge.find(({ producerSubtask }) => producerSubtask === part.producerSubtask);
  return places.indexOf(same ?? first);
}
