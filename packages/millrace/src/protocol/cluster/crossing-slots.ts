import type { FencingToken } from "../control/deployment.ts";

/** The slots that an attempt of a failover unit wants, wherever they are: `SlotsRequest` of the JobMaster, as data. */
export interface CrossingSlots {
  readonly token: FencingToken;
  readonly jobName: string;
  readonly count: number;
  readonly firstSlot: number;
  readonly channels: readonly {
    readonly id: number;
    readonly producerSlot: number;
    readonly consumerSlot: number;
  }[];
  readonly networkMemory: number | undefined;
}
