import { loadClusterConfiguration } from "../../packages/millrace/src/cluster/configuration/load-cluster-configuration.ts";
import { startTaskManager } from "../../packages/millrace/src/cluster/task-manager/process/start-task-manager.ts";

/*
 * A process that is a TaskManager; its arguments are settings, key=value.
 */
const configuration = await loadClusterConfiguration({ dynamic: process.argv.slice(2) });
const taskManager = await startTaskManager(configuration, { ownsProcess: true });
const error = await taskManager.ended;
process.exitCode = error === undefined ? 0 : 1;
