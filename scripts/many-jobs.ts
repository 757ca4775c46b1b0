/**
 * Submits short jobs to a cluster of processes, one after another, and tells what the processes have meanwhile: threads, file descriptors,
 * memory.
 *
 *     node --conditions=millrace-source scripts/many-jobs.ts        200 jobs
 *     node --conditions=millrace-source scripts/many-jobs.ts 1000
 */
import { belongings, runManyJobs } from "../test/cluster/processes/many-jobs.ts";
import { ProcessCluster } from "../test/cluster/processes/process-cluster.ts";

const [count = "200"] = process.argv.slice(2);
const cluster = await ProcessCluster.start({ taskManagers: 2, slots: 1 });
try {
  const processes = [cluster.jobManager, ...cluster.taskManagers];
  const tell = (done: number): void => {
    const texts = processes.map((each) => {
      const { threads, files, memory } = belongings(each);
      return `${each.name} ${threads} threads ${files} files ${memory} MB`;
    });
    console.log(`${String(done).padStart(5)} jobs: ${texts.join(", ")}`);
  };
  tell(0);
  await runManyJobs(cluster, Number(count), (done) => {
    if (done % 20 === 0) tell(done);
  });
  await new Promise((resolve) => setTimeout(resolve, 3000));
  tell(Number(count));
} finally {
  await cluster.close();
}
