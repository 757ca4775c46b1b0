import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Screen, type TextStream } from "./screen.ts";
import { COLOUR_STYLE, PLAIN_STYLE, styleFor } from "./style.ts";
import { TerminalEmulator } from "./testing/terminal-emulator.ts";

/** A stream to a terminal that understands what a Screen writes. */
function streamTo(terminal: TerminalEmulator, isTTY = true): TextStream {
  return {
    isTTY,
    columns: 80,
    write: (chunk, written) => {
      terminal.take(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString());
      written?.();
    },
  };
}

const bytes = (text: string): Uint8Array => Buffer.from(text);
const nothing = (): void => {};

describe("Screen", () => {
  it("keeps the live line below what the job prints", () => {
    const terminal = new TerminalEmulator();
    const screen = new Screen(streamTo(terminal), streamTo(terminal));
    screen.setLine("in 10/s");
    screen.pass("stdout", bytes("one\ntwo\n"), nothing);
    screen.setLine("in 9/s");
    screen.print("warning: three");
    screen.pass("stderr", bytes("four\n"), nothing);
    expect(terminal.lines).toEqual(["one", "two", "warning: three", "four", "in 9/s"]);
    screen.setLine(undefined);
    expect(terminal.lines).toEqual(["one", "two", "warning: three", "four", ""]);
  });

  it("leaves an unfinished line of the job alone until it is finished", () => {
    const terminal = new TerminalEmulator();
    const screen = new Screen(streamTo(terminal), streamTo(terminal));
    screen.setLine("live");
    screen.pass("stdout", bytes("half a"), nothing);
    screen.setLine("still live");
    expect(terminal.lines).toEqual(["half a"]);
    screen.pass("stdout", bytes(" line\n"), nothing);
    expect(terminal.lines).toEqual(["half a line", "still live"]);
  });

  it("begins its own lines on a new one when the job left one unfinished", () => {
    const terminal = new TerminalEmulator();
    const screen = new Screen(streamTo(terminal), streamTo(terminal));
    screen.pass("stdout", bytes("no newline"), nothing);
    screen.print("delays FINISHED");
    screen.print("end");
    expect(terminal.lines).toEqual(["no newline", "delays FINISHED", "end", ""]);
  });

  it("writes output that goes elsewhere as it is, and leaves the line where it stands", () => {
    const terminal = new TerminalEmulator();
    const pipe = new TerminalEmulator();
    const screen = new Screen(streamTo(pipe, false), streamTo(terminal));
    screen.setLine("live");
    screen.pass("stdout", bytes("no newline"), nothing);
    screen.setLine("more");
    expect(terminal.lines).toEqual(["more"]);
    expect(pipe.lines).toEqual(["no newline"]);
  });

  it("tells when bytes have left, also when there are none", () => {
    const terminal = new TerminalEmulator();
    const screen = new Screen(streamTo(terminal), streamTo(terminal));
    let written = 0;
    screen.pass("stdout", bytes("a\n"), () => written++);
    screen.pass("stdout", bytes(""), () => written++);
    expect(written).toBe(2);
  });

  it("never loses or changes a byte of the job's output, and always ends with the latest line", () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("out" as const), text: fc.stringMatching(/^[a-z\n]{0,8}$/u) }),
      fc.record({ kind: fc.constant("line" as const), text: fc.stringMatching(/^[A-Z]{1,20}$/u) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const terminal = new TerminalEmulator();
        const screen = new Screen(streamTo(terminal), streamTo(terminal));
        let out = "";
        let line = "";
        for (const { kind, text } of steps) {
          if (kind === "out") {
            out += text;
            screen.pass("stdout", bytes(text), nothing);
          } else {
            line = text;
            screen.setLine(text);
          }
        }
        const shown = out.endsWith("\n") || out === "" ? out + line : out;
        expect(terminal.lines.join("\n")).toBe(shown);
      }),
    );
  });
});

describe("styleFor", () => {
  it.each([
    { terminal: true, env: {}, colours: true },
    { terminal: false, env: {}, colours: false },
    { terminal: true, env: { NO_COLOR: "1" }, colours: false },
    { terminal: true, env: { NO_COLOR: "" }, colours: true },
    { terminal: true, env: { TERM: "dumb" }, colours: false },
    { terminal: false, env: { FORCE_COLOR: "1" }, colours: true },
    { terminal: true, env: { FORCE_COLOR: "0" }, colours: false },
    { terminal: true, env: { FORCE_COLOR: "1", NO_COLOR: "1" }, colours: false },
  ])("colours: $colours for terminal: $terminal with $env", ({ terminal, env, colours }) => {
    expect(styleFor(terminal, env)).toBe(colours ? COLOUR_STYLE : PLAIN_STYLE);
  });
});
