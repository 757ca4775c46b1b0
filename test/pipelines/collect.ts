import type { Sink } from "millrace";
import { collectSink as sinkTo } from "millrace";

/** The channel on which the pipelines hand over their results. */
export const OUT = "out";

/** Ends a pipeline: its records come out at `OUT`. */
export const collectSink = <T>(): Sink<T> => sinkTo<T>(OUT);
