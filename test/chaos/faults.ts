import type { Random } from "../../packages/millrace/src/common/clock/random.ts";
import type { TotalsRun } from "../cluster/processes/testing-totals.ts";
import { HEARTBEAT_TIMEOUT, type ChaosCluster, type Member } from "./chaos-cluster.ts";
import type { Link, LinkState } from "./link.ts";

/** What a fault has to do with. */
export interface FaultContext {
  readonly chaos: ChaosCluster;
  readonly run: TotalsRun;
  readonly random: Random;
  /** Does something later, while other faults happen; the run waits for it in the end. */
  readonly later: (work: () => Promise<void>) => void;
  readonly note: (text: string) => void;
}

/** Does harm, and sees to it that it can be got over. */
export type Fault = (context: FaultContext) => Promise<void>;

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** ms, between two bounds. */
const between = (random: Random, from: number, to: number): number => from + random.next() * (to - from);

function anyone({ chaos, random }: FaultContext): Member {
  return chaos.members[Math.floor(random.next() * chaos.members.length)] as Member;
}

/** Kills a TaskManager; another comes after a while. */
const killTaskManager: Fault = async (context) => {
  const victim = anyone(context);
  context.note(victim.process.name);
  await context.chaos.dismiss(victim, "SIGKILL");
  await pause(between(context.random, 0, 3000));
  await context.chaos.join();
};

/** Stops a TaskManager until it is taken as lost and another has come; then it goes on, and later one of them leaves in order. */
const freezeTaskManager: Fault = async (context) => {
  const { chaos, random, later } = context;
  const frozen = anyone(context);
  context.note(frozen.process.name);
  frozen.process.signal("SIGSTOP");
  await pause(HEARTBEAT_TIMEOUT);
  await chaos.join();
  const [resumeAfter, leaveAfter, leaver] = [
    between(random, 500, 6000),
    between(random, 1000, 8000),
    random.next(),
  ];
  later(async () => {
    await pause(resumeAfter);
    frozen.process.signal("SIGCONT");
    await pause(leaveAfter);
    const leaves = leaver < 0.5 && chaos.members.includes(frozen) ? frozen : chaos.members[0];
    if (leaves === undefined || chaos.members.length < 4) return;
    await chaos.dismiss(leaves, "SIGTERM");
  });
};

/** Stops a TaskManager for less than what makes it lost. */
const interruptTaskManager: Fault = async (context) => {
  const { process } = anyone(context);
  context.note(process.name);
  process.signal("SIGSTOP");
  await pause(between(context.random, 200, HEARTBEAT_TIMEOUT / 2));
  process.signal("SIGCONT");
};

/** Kills the JobManager and starts it again where it was. */
const killJobManager: Fault = async ({ chaos, random }) => {
  await chaos.killJobManager();
  await pause(between(random, 0, 2000));
  await chaos.cluster.startJobManager();
};

/** Stops the JobManager, has another one lead, and lets the first go on: it must see that it leads no longer, and end. */
const replaceJobManager: Fault = async ({ chaos, random, later, note }) => {
  const former = chaos.cluster.jobManager;
  former.signal("SIGSTOP");
  // The links carry what TaskManagers say to it, which it would hear when it goes on.
  await chaos.succeed();
  note(`epoch ${chaos.cluster.epoch}`);
  const resumeAfter = between(random, 500, 8000);
  later(async () => {
    await pause(resumeAfter);
    former.signal("SIGCONT");
    const code = await Promise.race([former.exit, pause(60_000).then(() => "no end within a minute")]);
    if (code !== 1 || !former.stderr.includes("FENCED"))
      throw new Error(`the former JobManager ended with ${code}: ${former.stderr}`);
  });
};

/** Breaks links for a while. */
const breaking =
  (
    what: string,
    choose: (context: FaultContext) => readonly Link[],
    state: LinkState,
    from: number,
    to: number,
  ): Fault =>
  async (context) => {
    const links = choose(context);
    const duration = between(context.random, from, to);
    context.note(`${what} for ${(duration / 1000).toFixed(1)} s`);
    for (const link of links) link.state = state;
    await pause(duration);
    for (const link of links) link.state = "open";
  };

/** Asks for another parallelism, and waits until it has come. */
const rescale: Fault = async ({ chaos, run, random, note }) => {
  const current = await retried(() => run.parallelism());
  const choices = [2, 3, 4, 5, 6].filter((p) => p !== current);
  const parallelism = choices[Math.floor(random.next() * choices.length)] as number;
  note(`${current} to ${parallelism}`);
  await retried(() => run.rescale(parallelism, true));
  await chaos.cluster.until(
    async () => (await run.parallelism()) === parallelism,
    `parallelism ${parallelism}`,
  );
};

/** Again and again, while nobody leads. */
async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === 150) throw error;
      await pause(200);
    }
  }
}

const control = (context: FaultContext): readonly Link[] => [anyone(context).control];
/** What others send to one of them; what it sends goes on. */
const toOne = (context: FaultContext): readonly Link[] => [anyone(context).data];
/** Between all of them, in both directions. */
const betweenAll = ({ chaos }: FaultContext): readonly Link[] => chaos.members.map(({ data }) => data);

/** Between TaskManagers alone: they all stay with their JobManager, and with what they have in them. */
const DATA_FAULTS: readonly (readonly [string, Fault])[] = [
  ["cut a TaskManager off from its peers", breaking("reset", toOne, "cut", 0, 2000)],
  [
    "cut a TaskManager off from its peers",
    breaking("silent", toOne, "silent", 500, HEARTBEAT_TIMEOUT + 3000),
  ],
  ["cut all TaskManagers off from each other", breaking("reset", betweenAll, "cut", 0, 3000)],
  // So long that what was started again meets silence, too.
  [
    "cut all TaskManagers off from each other",
    breaking("silent", betweenAll, "silent", HEARTBEAT_TIMEOUT - 1000, 3 * HEARTBEAT_TIMEOUT),
  ],
];

/** All that can happen, by name; drawn like cards, so that each comes before one comes twice. */
export const FAULTS: readonly (readonly [string, Fault])[] = [
  ["kill a TaskManager", killTaskManager],
  ["kill a TaskManager", killTaskManager],
  ["freeze a TaskManager until it is replaced", freezeTaskManager],
  ["interrupt a TaskManager", interruptTaskManager],
  ["kill the JobManager", killJobManager],
  ["freeze the JobManager until it is replaced", replaceJobManager],
  ["cut a TaskManager off from the JobManager", breaking("reset", control, "cut", 0, 2000)],
  [
    "cut a TaskManager off from the JobManager",
    breaking("silent", control, "silent", HEARTBEAT_TIMEOUT + 1000, HEARTBEAT_TIMEOUT + 4000),
  ],
  ...DATA_FAULTS,
  ["rescale", rescale],
];

/** What a run may be bounded to, by name. */
export const DECKS: Readonly<Record<string, readonly (readonly [string, Fault])[]>> = {
  data: DATA_FAULTS,
};
