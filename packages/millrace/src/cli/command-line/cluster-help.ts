const ACCESS = `
The cluster is found by -m, else by rest.address and rest.port of the settings, else it is the one that
millrace cluster start has started from this folder, else localhost:8081. A token and certificates are
given by security.rest.token-file and security.ssl.rest.*: behind -D, or in config.yaml of the folder
that --conf or MILLRACE_CONF_DIR names.

Exit codes:
  0    done
  1    it failed, or the job's state does not allow it
  2    the command line is wrong, or there is no such job
  3    the cluster can't be reached, refuses this client, or is of another version
`;

/** Below the help of each command that takes a job of a cluster, with examples of its own. */
export const clusterHelp = (...examples: readonly string[]): string =>
  `\nExamples:\n${examples.map((line) => `  $ ${line}`).join("\n")}\n${ACCESS}`;

/** Below the help of `millrace jobmanager` and `millrace taskmanager`. */
export const PROCESS_EXAMPLES = `
Examples:
  $ millrace jobmanager
  $ millrace jobmanager --conf /etc/millrace -D rest.bind-address=0.0.0.0
  $ millrace taskmanager -D jobmanager.rpc.address=10.0.0.1 -D taskmanager.numberOfTaskSlots=4

Settings are read from config.yaml in the folder that --conf or MILLRACE_CONF_DIR names, then from
MILLRACE_PROPERTIES, then from -D; docs/operations.md lists them all. The process logs to standard
output and to a file in env.log.dir, and ends in order on SIGTERM and Ctrl-C.

Exit codes:
  0    it was asked to end
  1    it failed, could not listen, found no JobManager, or was replaced
  2    a setting is wrong
`;

/** Below the help of `millrace cluster`. */
export const CLUSTER_EXAMPLES = `
Examples:
  $ millrace cluster start -n 2                a JobManager and two TaskManagers on this machine
  $ millrace cluster start -n 2 --slots 4 -D rest.port=0
  $ millrace cluster status
  $ millrace run job.ts --target cluster
  $ millrace cluster stop

The processes go on when the command has ended; --foreground keeps it, and Ctrl-C ends them all. Their
pids and logs are in .millrace/cluster below the current folder (--state names another one). Commands
that are started from the same folder find the cluster by themselves.
`;
