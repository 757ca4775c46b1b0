import { describe, expect, it } from "vitest";
import { ConfirmedFiles, type SharedFile } from "./confirmed-files.ts";

function file(path: string): SharedFile {
  return { bytes: { kind: "file", path, length: 1 }, length: 1, crc: 0 };
}

describe("ConfirmedFiles", () => {
  it("names again only what a recorded checkpoint names", () => {
    const files = new ConfirmedFiles();
    const one = file("/shared/one");
    files.written(1, new Map([["1.sst", one]]));
    expect(files.reusable("1.sst")).toBeUndefined();
    files.complete(1);
    expect(files.reusable("1.sst")).toBe(one);
    expect(files.reusable("2.sst")).toBeUndefined();
  });

  it("names nothing of a checkpoint that was given up", () => {
    const files = new ConfirmedFiles();
    files.written(1, new Map([["1.sst", file("/shared/one")]]));
    files.aborted(1);
    files.complete(1);
    expect(files.reusable("1.sst")).toBeUndefined();
  });

  it("names only what every undecided one names, too: any of them may be the one that stays", () => {
    const files = new ConfirmedFiles();
    const [one, two] = [file("/shared/one"), file("/shared/two")];
    files.written(
      1,
      new Map([
        ["1.sst", one],
        ["2.sst", two],
      ]),
    );
    files.complete(1);
    // Was taken when the first was not known to be recorded, and so wrote its own copy of one of them.
    files.written(
      2,
      new Map([
        ["1.sst", one],
        ["2.sst", file("/shared/copy")],
      ]),
    );
    expect([files.reusable("1.sst"), files.reusable("2.sst")]).toEqual([one, undefined]);
    files.aborted(2);
    expect(files.reusable("2.sst")).toBe(two);
  });

  it("does not go back to an older one", () => {
    const files = new ConfirmedFiles();
    const two = file("/shared/two");
    files.written(1, new Map([["1.sst", file("/shared/one")]]));
    files.written(2, new Map([["2.sst", two]]));
    files.complete(2);
    files.complete(1);
    expect([files.reusable("1.sst"), files.reusable("2.sst")]).toEqual([undefined, two]);
  });
});
