import type { Infer, Types } from "millrace";

/**
 * A Nexmark bid, about 150 bytes encoded. Made by the types of the built package, which benchmarks of jobs run, or by those of the sources,
 * which benchmarks of parts import.
 */
export const bidType = (types: typeof Types) =>
  types.object({
    auction: types.int,
    bidder: types.int,
    price: types.int,
    channel: types.string,
    url: types.string,
    dateTime: types.timestamp,
    extra: types.string,
  });
export type Bid = Infer<ReturnType<typeof bidType>>;
