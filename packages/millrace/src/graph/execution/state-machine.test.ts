import { describe, expect, it } from "vitest";
import { EXECUTION_TRANSITIONS } from "./execution-state.ts";
import { JOB_TRANSITIONS } from "./job-status.ts";
import { StateMachine } from "./state-machine.ts";

describe("StateMachine", () => {
  it("moves along declared transitions, and refuses others by name", () => {
    const machine = new StateMachine("execution a/0#0", EXECUTION_TRANSITIONS, "CREATED");
    for (const state of ["SCHEDULED", "DEPLOYING", "INITIALIZING", "RUNNING", "FINISHED"] as const)
      machine.to(state);
    expect(machine.terminal).toBe(true);
    expect(() => machine.to("RUNNING")).toThrow(
      "execution a/0#0 can't go from FINISHED to RUNNING: after FINISHED come no others",
    );
  });

  it.each([
    ["executions", EXECUTION_TRANSITIONS],
    ["jobs", JOB_TRANSITIONS],
  ])("every state of %s can come to an end", (_, table: Readonly<Record<string, readonly string[]>>) => {
    const ends = new Set(Object.keys(table).filter((state) => table[state]?.length === 0));
    for (let grown = true; grown;) {
      const more = Object.keys(table).filter(
        (state) => !ends.has(state) && table[state]?.some((next) => ends.has(next)),
      );
      for (const state of more) ends.add(state);
      grown = more.length > 0;
    }
    expect([...ends].sort()).toEqual(Object.keys(table).sort());
  });
});
