import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { StreamGraph } from "../../graph/stream/stream-graph.ts";

/**
 * Refuses a job that hands records to the program that runs it, where there is no such program: in a cluster, and where a command runs it. The
 * sink would wait for ever for somebody to take them, or they would be lost.
 *
 * @throws INVALID_GRAPH, naming the sink
 */
export function refuseCollecting({ nodes }: StreamGraph): void {
  for (const { name, spec } of nodes) {
    if (spec.kind !== "sink" || !hasChannel(spec.sink)) continue;
    throw new MillraceError(
      "INVALID_GRAPH",
      `"${name}" hands its records to the program that runs the job, and there is none: nobody would take them`,
      {
        help: "collectAsync and collectSink are for programs that run their job themselves, by start() or an environment. Else end the stream with print, whose lines are in the output of the process that runs the job (in a cluster: millrace logs, /taskmanagers/:id/stdout), or with a sink of its own, such as fileSink.",
        details: { sink: name },
      },
    );
  }
}

/** What tells collect sinks from others. */
const hasChannel = (sink: object): boolean =>
  typeof (sink as { readonly channel?: unknown }).channel === "string";
