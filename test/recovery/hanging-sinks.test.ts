import { describe, expect, it } from "vitest";
import { createEnvironment, MillraceError } from "millrace";
import type { ConfigValues, JobClient, Sink, StreamExecutionEnvironment } from "millrace";
import { Ledger } from "./testing/ledger.ts";

const COUNT = 200;
const EXPECTED = Array.from({ length: COUNT }, (_, n) => `number ${n}`).sort();

/** Where it hangs; "close": there, too. */
type Place = "flush" | "prepareCommit" | "close";

/** The ledger's sink, which never answers at one place while `hangs` says so. */
function hanging(
  ledger: Ledger,
  places: readonly Place[],
  hangs: (attempt: number) => boolean,
): Sink<string, unknown> {
  const sink = ledger.sink();
  return {
    ...sink,
    createWriter: (context, restored) => {
      const writer = sink.createWriter(context, restored);
      const never = (): Promise<never> => new Promise(() => {});
      if (!hangs(context.runtime.attempt)) return writer;
      return { ...writer, ...Object.fromEntries(places.map((place) => [place, never])) };
    },
  };
}

function program(env: StreamExecutionEnvironment, sink: Sink<string, unknown>): void {
  env
    .generate({ generate: (i) => i, count: COUNT, ratePerSecond: 400 })
    .map((n) => `number ${n}`)
    .sinkTo(sink);
}

const newEnv = (more: ConfigValues = {}): StreamExecutionEnvironment =>
  createEnvironment({ config: { ...CONFIG, ...more }, log: () => {} });

const CONFIG: ConfigValues = {
  "execution.checkpointing.interval": 50,
  "execution.checkpointing.timeout": 150,
  "restart-strategy.type": "fixed-delay",
  "restart-strategy.fixed-delay.attempts": 1,
  "restart-strategy.fixed-delay.delay": 1,
  "task.cancellation.timeout": 100,
};

async function failureOf(client: JobClient): Promise<unknown> {
  return client.result().catch((error: unknown) => error);
}

describe.each<readonly [string, readonly Place[]]>([
  ["flush never answers", ["flush"]],
  ["prepareCommit never answers", ["prepareCommit"]],
  ["prepareCommit and close never answer", ["prepareCommit", "close"]],
])("a sink whose %s", (_, places) => {
  it("fails the attempt when its checkpoint expires, and the next one goes on", async () => {
    const ledger = new Ledger();
    // On a busy machine checkpoints of later attempts may expire, too.
    const env = newEnv({ "restart-strategy.fixed-delay.attempts": 1000 });
    program(
      env,
      hanging(ledger, places, (attempt) => attempt === 0),
    );
    await (await env.executeAsync()).result();
    expect(ledger.lines).toEqual(EXPECTED);
  });

  it("fails the job when it does so in every attempt", async () => {
    const env = newEnv();
    program(
      env,
      hanging(new Ledger(), places, () => true),
    );
    const error = await failureOf(await env.executeAsync());
    expect(error).toMatchObject({
      code: "JOB_FAILED",
      message: expect.stringMatching(/checkpoint \d took longer than 150 ms/u) as unknown,
    });
  });

  it("does not keep the job from being cancelled", async () => {
    const env = newEnv({ "execution.checkpointing.timeout": "1 h" });
    program(
      env,
      hanging(new Ledger(), places, () => true),
    );
    const client = await env.executeAsync();
    while (client.checkpoints().inProgress === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const failure = failureOf(client);
    await client.cancel();
    expect(MillraceError.is(await failure, "JOB_CANCELED")).toBe(true);
    expect(client.checkpoints()).toMatchObject({ failed: 0, inProgress: 0 });
  });
});
