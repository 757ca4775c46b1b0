/** Below the help of `millrace`. */
export const PROGRAM_EXAMPLES = `
Examples:
  $ millrace run job.ts                        run a job with one slot for each core
  $ millrace run job.ts -- --input data.csv    arguments of the job itself come after --
  $ millrace run --help                        what else can be said
  $ millrace dev job.ts                        restart it on every save, state kept
  $ millrace info job.ts                       its plan
  $ millrace savepoint inspect <path>          what a savepoint holds
  $ millrace cluster start -n 2                a cluster on this machine
  $ millrace run job.ts --target cluster       run a job in it
`;

/** Below the help of `millrace run`. */
export const RUN_EXAMPLES = `
Examples:
  $ millrace run job.ts -p 4 -- --input flights.csv --output delays
  $ millrace run job.ts -D execution.buffer-timeout.interval="5 ms"
  $ tail -f app.log | millrace run errors.ts   standard input as a source; -p 1 keeps its order
  $ millrace run job.ts -- --help              the job's own arguments
  $ millrace run job.ts --json 2> run.jsonl    progress and summary for programs

State:
  $ millrace run job.ts --checkpoint-interval "10 s" --checkpoint-dir checkpoints
      tasks that fail start again from the last checkpoint
  $ millrace run job.ts --savepoint-on-exit savepoints
      Ctrl-C stops the job with a savepoint, and tells its path
  $ millrace run job.ts -s savepoints/savepoint-1a2b3c
      goes on from there; the same as -D execution.state-recovery.path=...

Cluster:
  $ millrace run job.ts -m jobmanager:8081 -- --input /srv/flights.csv
      bundles the job with its packages, submits it, and shows how it gets on; Ctrl-C leaves it
      running
  $ millrace run job.ts --target cluster --detached
      prints the job's id; millrace status, stop, cancel and rescale take it
  Paths of the job's arguments are those of the cluster's machines. What the job prints is in the
  logs of TaskManagers: millrace logs <job>.

Progress, log and summary go to standard error: standard output is the job's own.
In this process, Ctrl-C stops the job cleanly, a second one at once. With --savepoint-on-exit the
first one stops it with a savepoint, the second one cleanly without, the third one at once.

Exit codes:
  0    the job finished, or was stopped with a savepoint
  1    it failed, or the savepoint is damaged
  2    nothing ran: the command line, the module or the job's arguments are wrong, there is no
       savepoint, or it doesn't fit the job
  3    the cluster can't be reached, refuses this client, or is of another version
  130  stopped (in a cluster: left running) by Ctrl-C (143 by SIGTERM, 129 by SIGHUP)
  141  nobody reads its standard output any more
`;

/** Below the help of `millrace dev`. */
export const DEV_EXAMPLES = `
Examples:
  $ millrace dev job.ts
  $ millrace dev job.ts -p 1 -- --input flights.csv
  $ millrace dev job.ts -s savepoints/savepoint-1a2b3c
  $ millrace dev job.ts --fresh-on-mismatch    never wait: what can't keep its state starts anew

The job's module and the files that it imports are watched. When one is saved, the job is built
anew; then the running one stops with a savepoint in memory, and the new one goes on from it. One
that can't be built leaves the running one alone. Where the state doesn't fit the new job, every
reason is told, and the savepoint waits for the next save. Types are not checked: run tsc --watch
beside it.

Ctrl-C ends it with exit code 0, a second one at once. Other exit codes are those of millrace run.
`;

/** Below the help of `millrace info`. */
export const INFO_EXAMPLES = `
Examples:
  $ millrace info job.ts
  $ millrace info job.ts -p 4 -- --input flights.csv
  $ millrace info job.ts --json > plan.json
  $ millrace info job.ts -m jobmanager:8081
      as the cluster builds it, by its own settings; nothing runs
`;

/** Below the help of `millrace savepoint`. */
export const SAVEPOINT_EXAMPLES = `
Examples:
  $ millrace savepoint inspect savepoints/savepoint-1a2b3c
  $ millrace savepoint check savepoints/savepoint-1a2b3c job.ts
  $ millrace savepoint dispose savepoints/savepoint-1a2b3c
  $ millrace savepoint trigger delays /srv/savepoints      of a job of a cluster
`;

/** Below the help of `millrace savepoint inspect`. */
export const INSPECT_EXAMPLES = `
Examples:
  $ millrace savepoint inspect savepoints/savepoint-1a2b3c
  $ millrace savepoint inspect checkpoints/4f1d.../chk-17 --json
  $ millrace savepoint inspect savepoints/savepoint-1a2b3c --read sessions/count | head
  $ millrace savepoint inspect savepoints/savepoint-1a2b3c --read sessions/count | jq .key

Nothing is needed but the savepoint: no job, no running process. All that is read is checked.

Exit codes:
  0    it was shown
  1    a file of it is damaged or can't be read
  2    there is no savepoint, or no such state
`;

/** Below the help of `millrace savepoint check`. */
export const CHECK_EXAMPLES = `
Examples:
  $ millrace savepoint check savepoints/savepoint-1a2b3c job.ts
  $ millrace savepoint check savepoints/savepoint-1a2b3c job.ts -p 8 -- --input flights.csv
  $ millrace savepoint check savepoints/savepoint-1a2b3c job.ts --json | jq .mismatches

Every reason why the job can't start from it is told at once. What functions ask for when they start
can't be seen without running them: it is listed, and checked when the job starts.

Exit codes:
  0    the job can start from it
  1    it can't
  2    they were not compared: no savepoint, a damaged one, a wrong module or command line
`;

/** Below the help of `millrace savepoint dispose`. */
export const DISPOSE_EXAMPLES = `
Examples:
  $ millrace savepoint dispose savepoints/savepoint-1a2b3c

Nothing is asked. Checkpoints are refused: their files may belong to others, too, and the job that
takes them removes them by itself. Of a damaged savepoint nothing is removed: it is told what is
damaged, and how to remove it by hand.
`;
