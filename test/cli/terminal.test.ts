import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TerminalEmulator } from "../../packages/millrace/src/cli/terminal/testing/terminal-emulator.ts";
import { missingTerminal, PseudoTerminal } from "./pseudo-terminal.ts";
import { Workplace } from "./workplace.ts";

const missing = missingTerminal();

describe.skipIf(missing !== undefined)(
  `millrace run on a terminal${missing === undefined ? "" : `: ${missing}`}`,
  () => {
    let place: Workplace;

    beforeAll(async () => {
      place = await Workplace.create();
    });

    afterAll(() => place.remove());

    function open(
      args: readonly string[],
      columns = 100,
      env: Readonly<Record<string, string>> = {},
    ): PseudoTerminal {
      const command = [process.execPath, place.launcher, ...args];
      return new PseudoTerminal(command, { cwd: place.folder, env: place.environment(env), columns });
    }

    function seen(terminal: PseudoTerminal): string[] {
      const emulator = new TerminalEmulator();
      emulator.take(terminal.output);
      return emulator.lines;
    }

    /** The live lines that were drawn, without colours. */
    function liveLines(terminal: PseudoTerminal): string[] {
      return [...terminal.output.matchAll(/\r([^\r\n]+)\x1b\[K/gu)].map(([, line]) =>
        (line ?? "").replace(/\x1b\[[\d;]*m/gu, ""),
      );
    }

    it("draws one line in place, around which the job's output stays whole", async () => {
      const terminal = open(["run", "jobs/ticks.ts", "-p", "2", "--", "--rate", "40", "--count", "60"], 80);
      expect(await terminal.ended()).toBe(0);

      const lines = liveLines(terminal);
      expect(lines.length).toBeGreaterThan(1);
      for (const line of lines) expect(line.length).toBeLessThan(80);
      // The very last one may come when the source has ended, and its event time with it.
      expect(lines.findLast((line) => line.includes("watermark 2001"))).toMatch(
        /^ticks \| (?:.* \| )?in \S+(?: .)?\/s \(\d+\) \| out .*\| watermark 2001-01-01 00:/u,
      );

      const shown = seen(terminal);
      const summary = shown.findIndex((line) => line.startsWith("ticks FINISHED in "));
      const output = shown.slice(0, summary);
      const ticks = Array.from({ length: 60 }, (_, n) => `tick ${n}`);
      expect(output.filter((line) => line.startsWith("tick ")).sort()).toEqual([...ticks].sort());
      expect(output.filter((line) => !line.startsWith("tick "))).toEqual(["closed"]);
      expect(shown[summary + 1]).toMatch(/^ {2}in 60 records/u);
    });

    it("stops at Ctrl-C and takes the line away", async () => {
      const terminal = open(["run", "jobs/ticks.ts", "-p", "1"]);
      await terminal.shows(/in .*\/s/u);
      terminal.type("\x03");
      expect(await terminal.ended()).toBe(130);
      const shown = seen(terminal);
      expect(shown.some((line) => line.includes("/s (") && line.startsWith("ticks |"))).toBe(false);
      expect(shown.find((line) => line.startsWith("ticks CANCELED in "))).toBeDefined();
    });

    it("shows the last checkpoint, and stops with a savepoint at Ctrl-C", async () => {
      const terminal = open(
        ["run", "jobs/counts.ts", "-p", "1", "--checkpoint-interval", "50 ms", "--savepoint-on-exit", "sp"],
        160,
      );
      await terminal.shows(/checkpoint \d+, \S+ m?s ago/u);
      terminal.type("\x03");
      expect(await terminal.ended()).toBe(0);
      expect(liveLines(terminal).find((line) => line.includes("checkpoint"))).toMatch(
        /^counts \| .* \| (?:no checkpoint yet|checkpoint \d+, \S+ m?s ago) \|? ?/u,
      );
      const shown = seen(terminal);
      expect(shown.find((line) => line.startsWith("savepoint: sp/savepoint-"))).toBeDefined();
      expect(shown.find((line) => line.startsWith("counts FINISHED in "))).toBeDefined();
    });

    it("has colours unless NO_COLOR is set", async () => {
      const args = ["run", "jobs/numbers.ts", "-p", "1", "--", "--up-to", "1"];
      const coloured = open(args);
      await coloured.ended();
      expect(coloured.output).toContain("\x1b[32mFINISHED\x1b[39m");
      const plain = open(args, 100, { NO_COLOR: "1" });
      await plain.ended();
      expect(plain.output).not.toMatch(/\x1b\[[\d;]*m/u);
      expect(plain.output).toContain("FINISHED");
    });

    it("draws nothing where the user types the job's input", async () => {
      const terminal = open(["run", "jobs/echo.ts", "-p", "1"]);
      terminal.type("one\n");
      await terminal.shows(/heard one/u);
      const reading = terminal.output.length;
      // Long enough for a live line, if there were one.
      await new Promise((resolve) => setTimeout(resolve, 1000));
      terminal.type("two\n");
      await terminal.shows(/heard two/u);
      terminal.type("\x04");
      expect(await terminal.ended()).toBe(0);
      expect(terminal.output.slice(reading)).not.toContain("\x1b[K");
      expect(seen(terminal).slice(0, 4)).toEqual(["one", "heard one", "two", "heard two"]);
    });
  },
);
