import type { JobHost } from "../jobs/job-host.ts";
import type { TriggerRequest } from "../dispatcher-gateway.ts";
import type { OperationResult } from "./operations.ts";

/** Lets a job do what takes long. Settles when it is done. @throws as the job */
export async function performOrder(host: JobHost, order: TriggerRequest): Promise<OperationResult> {
  // One that another JobManager has left must be there again first.
  await host.ready;
  const call = async (request: Parameters<JobHost["call"]>[0]): Promise<OperationResult> => {
    // As long as it takes: the checkpoint has a timeout of its own.
    const { path, checkpointId } = (await host.call(request, "none")) as {
      readonly path?: string;
      readonly checkpointId?: number;
    };
    return { location: path, checkpointId };
  };
  switch (order.kind) {
    case "checkpoint":
      return call({ method: "checkpoint" });
    case "savepoint":
      return call({ method: "savepoint", directory: order.directory });
    case "stop":
      return call({ method: "stop", directory: order.directory, drain: order.drain });
    // A stop: nothing may be committed between the savepoint and the end, or it would come twice.
    case "cancel with savepoint":
      return call({ method: "stop", directory: order.directory, drain: false, cancels: true });
  }
}
