import { startJobManager } from "../../../packages/millrace/src/cluster/job-manager/process/start-job-manager.ts";
import { loadClusterConfiguration } from "../../../packages/millrace/src/cluster/configuration/load-cluster-configuration.ts";
import { startTaskManager } from "../../../packages/millrace/src/cluster/task-manager/process/start-task-manager.ts";

/*
 * A process of a cluster: `jobmanager` or `taskmanager`, then settings as `key=value`. Tells its parent its ports.
 */
const [role, ...dynamic] = process.argv.slice(2);
const configuration = await loadClusterConfiguration({ dynamic, env: {} });
// Nobody is left to end it otherwise.
process.on("disconnect", () => process.exit(1));
try {
  if (role === "jobmanager") {
    const { restPort, rpcPort, epoch, ended } = await startJobManager(configuration, {
      ownsProcess: true,
      console: false,
    });
    process.send?.({ restPort, rpcPort, epoch });
    await ended;
  } else {
    const { taskManagerId, ended } = await startTaskManager(configuration, {
      ownsProcess: true,
      console: false,
    });
    process.send?.({ taskManagerId });
    const error = await ended;
    if (error !== undefined) throw error;
  }
  process.exit(0);
} catch (error) {
  console.error(error);
  process.exit(1);
}
