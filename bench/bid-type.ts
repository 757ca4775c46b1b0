import type { TypeOf } from "../packages/millrace/src/common/types/type-info.ts";
import { Types } from "../packages/millrace/src/common/types/types.ts";

/** A Nexmark bid by the types of the sources, for benchmarks of parts. Those of jobs run the built package, and have that of `bids.ts`. */
export const bidType = Types.object({
  auction: Types.int,
  bidder: Types.int,
  price: Types.int,
  channel: Types.string,
  url: Types.string,
  dateTime: Types.timestamp,
  extra: Types.string,
});
export type Bid = TypeOf<typeof bidType>;
