import { ClusterClient } from "../client/cluster-client.ts";
import type { ConnectOptions } from "../client/connect-options.ts";

/**
 * A cluster, seen from outside: submits jobs and follows them, by the JobManager's REST API.
 *
 * @throws MillraceError INVALID_ARGUMENT for what is no address
 * @example
 * ```ts
 * import { connect } from "millrace/client";
 *
 * const cluster = connect({ address: "localhost:8081" });
 * const job = await cluster.submit("delays.ts", { parallelism: 4, args: { input: "/srv/flights.csv" } });
 * for await (const { state, duration } of job.progress()) console.log(state, duration);
 * ```
 */
export function connect(options: ConnectOptions = {}): ClusterClient {
  // The bundler is loaded when something is bundled.
  return new ClusterClient(options, async (moduleUrl, bundling) => {
    const { bundleArtifact } = await import("../cluster/artifact/bundle-artifact.ts");
    return bundleArtifact(moduleUrl, bundling);
  });
}
