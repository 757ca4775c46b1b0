import { LocalChannel } from "../local-channel.ts";
import { noNetwork } from "../no-network.ts";
import { ReaderEnd, RigSlot, ToldListener, WriterEnd } from "./channel-ends.ts";
import type { ChannelRig } from "./channel-rig.ts";

/** Channels within one slot. */
export function localRig(channels: number, capacity = 256): ChannelRig {
  const slot = new RigSlot(noNetwork);
  const ends = Array.from({ length: channels }, (_, index) => {
    const listener = new ToldListener();
    const channel = new LocalChannel({ id: index, index, input: 0, capacity }, listener);
    return { writer: new WriterEnd(slot, channel, listener), reader: new ReaderEnd(slot, channel.reader) };
  });
  return {
    writers: ends.map(({ writer }) => writer),
    readers: ends.map(({ reader }) => reader),
    dispose: async () => undefined,
  };
}
