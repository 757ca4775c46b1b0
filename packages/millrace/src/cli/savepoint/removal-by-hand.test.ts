import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openSavepoint } from "./open-savepoint.ts";
import { removalByHand } from "./removal-by-hand.ts";

const STATE = `count-0-${"ab".repeat(12)}`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-dispose-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What is told of a folder with these files. */
async function toldOf(name: string, files: readonly string[]): Promise<unknown> {
  mkdirSync(join(folder, name));
  for (const file of files) writeFileSync(join(folder, name, file), "not what it was");
  try {
    return await openSavepoint(name, folder);
  } catch (error) {
    return removalByHand(error, name, folder);
  } finally {
    expect(readdirSync(join(folder, name)).sort()).toEqual([...files].sort());
  }
}

const help = (text: RegExp): unknown => expect.stringMatching(text) as unknown;

describe("removal of a savepoint by hand", () => {
  it("names what is damaged, and the command where nothing else is in its folder", async () => {
    expect(await toldOf("savepoint-1a2b3c-4d5e6f", ["_metadata", STATE])).toMatchObject({
      code: "CHECKPOINT_CORRUPT",
      message: help(/savepoint-1a2b3c-4d5e6f\/_metadata/u),
      help: help(/^Nothing was removed: .*2 files have .*rm -r '\/.*savepoint-1a2b3c-4d5e6f'$/u),
    });
  });

  it("names no command where somebody else keeps something in it", async () => {
    const told = await toldOf("mine", ["_metadata", STATE, "notes.txt"]);
    expect(told).toMatchObject({ help: help(/notes\.txt in .* must be somebody else's\.$/u) });
    expect(told).not.toMatchObject({ help: help(/rm -r/u) });
  });

  it("knows what is left of a savepoint without its metadata", async () => {
    expect(await toldOf("savepoint-1a2b3c-000000", [STATE])).toMatchObject({
      code: "SAVEPOINT_NOT_FOUND",
      help: help(/^Nothing was removed: .*one file has .*rm -r/u),
    });
  });

  it("says nothing of folders that look like no savepoint, nor of a job's checkpoint", async () => {
    expect(await toldOf("jobs", ["counts.ts"])).toMatchObject({ help: help(/^Name the folder/u) });
    expect(await toldOf("chk-17", ["_metadata"])).not.toMatchObject({ help: help(/Nothing was removed/u) });
  });
});
