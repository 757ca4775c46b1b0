import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { openProcessLog } from "./process-log.ts";
import type { ProcessLog } from "./process-log.ts";

let folder: string;
let opened: ProcessLog;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), "millrace-log-"))));
afterEach(async () => {
  opened.close();
  await rm(folder, { recursive: true });
});

const open = (settings: Readonly<Record<string, unknown>> = {}): ProcessLog =>
  (opened = openProcessLog({
    name: "millrace-taskmanager-a",
    settings: { "env.log.dir": join(folder, "log"), ...settings },
    console: false,
  }));

describe("a process's log", () => {
  it("has time, level, message, and what an error was caused by", async () => {
    const { log, path } = open();
    log("debug", "not seen");
    const cause = new Error("disk full");
    log("warn", "can't go on", new MillraceError("SINK_FAILED", "no part was written", { cause }));
    log("info", "later", "a text that was thrown");
    const text = await readFile(path, "utf8");
    expect(text).toMatch(
      /^\d{4}-\d\d-\d\dT[\d:.]+Z WARN {2}can't go on\n {4}MillraceError: no part was written\n/u,
    );
    expect(text).toContain("disk full");
    expect(text).toMatch(/INFO {2}later\n {4}Error: a text that was thrown/u);
    expect(text).not.toContain("not seen");
  });

  it("shows what its level asks for, and no secret", async () => {
    const { log, path } = open({ "env.log.level": "debug", "security.internal.token": "hush-hush" });
    log("debug", "Bearer hush-hush", new Error("token hush-hush is wrong"));
    const text = await readFile(path, "utf8");
    expect(text).toContain("DEBUG Bearer ******");
    expect(text).not.toContain("hush");
  });

  it("lets no message look like another line, nor command a terminal", async () => {
    const { log, path } = open();
    const forged = "2026-01-01T00:00:00.000Z ERROR all is lost";
    log("info", `removed /a\n${forged}\r\n${forged}\tb\u001b[2J\u009b31m`, new Error(`no\n${forged}`));
    const [first, second, third, fourth, fifth, ...more] = (await readFile(path, "utf8")).split("\n");
    expect(first).toMatch(/ INFO {2}removed \/a$/u);
    expect([second, third, fourth, fifth]).toEqual([
      `    ${forged}`,
      `    ${forged}\tb\\u001b[2J\\u009b31m`,
      "    Error: no",
      `    ${forged}`,
    ]);
    expect(more.every((line) => line === "" || line.startsWith("        at "))).toBe(true);
  });

  it("puts a large file aside, and keeps one", async () => {
    const { output, files } = open({ "env.log.max-size": 100 });
    for (const letter of "abc") output(Buffer.from(letter.repeat(60)));
    output(Buffer.from("d"));
    const list = await files.list();
    expect(list.map(({ name, bytes }) => [name, bytes])).toEqual([
      ["millrace-taskmanager-a.log", 0],
      ["millrace-taskmanager-a.out", 61],
      ["millrace-taskmanager-a.out.1", 60],
    ]);
    const read = async (offset: number, bytes: number): Promise<string> =>
      Buffer.from(await files.read("millrace-taskmanager-a.out", offset, bytes)).toString();
    expect([
      await read(0, 3),
      await read(-3, 100),
      await read(58, 1000),
      await read(1000, 5),
      await read(-1000, 2),
    ]).toEqual(["ccc", "ccd", "ccd", "", "cc"]);
  });

  it("gives nothing but its own files", async () => {
    const { files } = open();
    const base = "millrace-taskmanager-a";
    await writeFile(join(folder, "secret"), "secret");
    await writeFile(join(folder, "log", `${base}2.log`), "another's");
    await symlink(join(folder, "secret"), join(folder, "log", `${base}.link`));
    for (const name of [
      `${base}2.log`,
      `${base}.link`,
      "../secret",
      `${base}.log/../../secret`,
      "",
      "..",
      `${base}.log\0`,
    ])
      await expect(files.read(name, 0, 10)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});
