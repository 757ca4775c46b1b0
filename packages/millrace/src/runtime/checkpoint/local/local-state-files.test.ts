import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { operatorUid } from "../../../common/ids/ids.ts";
import type { StateBytes, TaskSnapshot } from "../../../protocol/control/snapshots.ts";
import { createStateFiles } from "../storage/create-state-files.ts";
import type { FileSystem } from "../storage/file-system.ts";
import { nodeFileSystem } from "../storage/node-file-system.ts";
import type { StateFiles } from "../storage/state-files.ts";
import { describeStateFiles } from "../storage/testing/state-files-suite.ts";
import { tempFolder } from "../../../common/testing/temp-folder.ts";
import type { TempFolder } from "../../../common/testing/temp-folder.ts";
import { LocalCopies } from "./local-copies.ts";
import { LocalStateFiles } from "./local-state-files.ts";
import { RestoredBytes } from "./restored-bytes.ts";

const THRESHOLD = 20_480;

/** Folders as a TaskManager has them, and slots in it. */
class Machine {
  readonly log: string[] = [];
  readonly shared: string;
  readonly job: string;
  readonly dir: TempFolder;
  #slots = 0;

  constructor(dir: TempFolder) {
    this.dir = dir;
    this.shared = join(dir.path, "shared");
    this.job = join(dir.path, "local");
    mkdirSync(this.shared);
  }

  /** @param restored the checkpoint that its tasks start from */
  async slot(restored?: number, fileSystem: FileSystem = nodeFileSystem): Promise<Slot> {
    const copies = await LocalCopies.open({
      folders: { job: this.job, slot: join(this.job, `slot-${this.#slots++}`) },
      log: (_, message) => this.log.push(message),
      fileSystem,
    });
    if (copies === undefined) throw new TypeError("no copies");
    if (restored !== undefined) await copies.find(restored);
    const bytes = new RestoredBytes();
    const originals = createStateFiles({ directory: this.shared, inlineThreshold: 10 });
    return {
      copies,
      bytes,
      files: new LocalStateFiles({ originals, copies, inlineThreshold: 10, restored: bytes }),
    };
  }

  /** Copies, as `<folder>/<label>`. */
  get local(): readonly string[] {
    return this.dir
      .files()
      .filter((file) => file.startsWith("local/"))
      .map((file) => file.slice(6).replace(/-[0-9a-f]{24}(?:\.[0-9a-f]{8})?$/u, ""));
  }

  /** The path of the copy of a file. */
  copyOf(bytes: StateBytes): string {
    const name = basename(pathOf(bytes));
    const found = this.dir.files().find((file) => file.startsWith("local/chk-") && file.includes(name));
    return join(this.dir.path, found ?? "none");
  }
}

interface Slot {
  readonly copies: LocalCopies;
  readonly bytes: RestoredBytes;
  readonly files: StateFiles;
}

const pathOf = (bytes: StateBytes): string => (bytes.kind === "file" ? bytes.path : "inline");
const content = (seed: number): Uint8Array => new Uint8Array(5000).map((_, i) => i * seed);

async function write(files: StateFiles, label: string, seed = 7): Promise<StateBytes> {
  const file = files.create(label);
  file.write(content(seed).subarray(0, 1234));
  file.write(content(seed).subarray(1234));
  return file.close();
}

function read(files: StateFiles, bytes: StateBytes): Uint8Array {
  const reader = files.open(bytes);
  try {
    return reader.read(0, reader.length);
  } finally {
    reader.close();
  }
}

const snapshot = (...parts: readonly StateBytes[]): TaskSnapshot => ({
  operators: [
    {
      uid: operatorUid("count"),
      keyed: { kind: "canonical", keyGroups: { start: 0, end: 1 }, parts },
      operatorState: undefined,
      splits: undefined,
    },
  ],
  channels: [],
  finished: false,
});

const test = (body: (machine: Machine) => Promise<void>) => async (): Promise<void> => {
  using dir = tempFolder();
  await body(new Machine(dir));
  expect(dir.openFiles()).toBe(0);
};

describeStateFiles("a folder with local copies", async (path) => {
  const folder = join(path, "shared");
  mkdirSync(folder);
  const copies = await LocalCopies.open({
    folders: { job: join(path, "local"), slot: join(path, "local", "slot") },
    log: () => {},
  });
  const location = { directory: folder, inlineThreshold: THRESHOLD };
  const files = new LocalStateFiles({
    originals: createStateFiles(location),
    copies: copies as LocalCopies,
    inlineThreshold: THRESHOLD,
    restored: new RestoredBytes(),
  });
  return { files, folder, threshold: THRESHOLD };
});

describe("files of state with local copies", () => {
  it(
    "are read from the disk of the machine that wrote them, by whichever slot comes next",
    test(async (machine) => {
      const first = await machine.slot();
      const written = await write(first.files, "count");
      const sst = machine.dir.write("theirs", content(3));
      const adopted = await first.files.adopt(sst, "sst");
      await first.copies.acknowledged(4, snapshot(written, adopted));
      expect(machine.local).toEqual(["chk-4/count", "chk-4/sst"]);
      rmSync(machine.shared, { recursive: true });
      const next = await machine.slot(4);
      expect(read(next.files, written)).toEqual(content(7));
      expect(read(next.files, adopted)).toEqual(content(3));
      expect(statSync(machine.copyOf(adopted)).nlink).toBe(2);
      const reader = next.files.open(adopted);
      expect([reader.path, reader.name]).toEqual([machine.copyOf(adopted), pathOf(adopted)]);
      reader.close();
      expect([next.bytes.local, next.bytes.remote, machine.log]).toEqual([10_000, 0, []]);
    }),
  );

  const damages: readonly [string, (copy: string) => void, RegExp][] = [
    ["cut short", (copy) => truncateSync(copy, 4999), /it has 4999 of 5000 bytes/u],
    ["changed", (copy) => flip(copy), /its checksum is wrong/u],
    ["removed", (copy) => unlinkSync(copy), /ENOENT/u],
  ];
  it.each(damages)("are read from the checkpoint where the copy was %s", async (_, damage, why) => {
    await test(async (machine) => {
      const first = await machine.slot();
      const written = await write(first.files, "count");
      await first.copies.acknowledged(4, snapshot(written));
      const next = await machine.slot(4);
      damage(machine.copyOf(written));
      expect(read(next.files, written)).toEqual(content(7));
      expect(read(next.files, written)).toEqual(content(7));
      expect([next.bytes.local, next.bytes.remote]).toEqual([0, 5000]);
      expect(machine.log).toEqual([expect.stringMatching(why)]);
    })();
  });

  it(
    "are read from the checkpoint from where the copy can't be read on",
    test(async (machine) => {
      const first = await machine.slot();
      const written = await write(first.files, "count");
      await first.copies.acknowledged(4, snapshot(written));
      const next = await machine.slot(4);
      const reader = next.files.open(written);
      const head = reader.read(0, 2000);
      truncateSync(machine.copyOf(written), 2000);
      expect([...head, ...reader.read(2000, 3000)]).toEqual([...content(7)]);
      expect(() => reader.read(4000, 1001)).toThrowError("bytes 4000 to 5001 are asked for");
      reader.close();
      expect(() => reader.read(0, 1)).toThrowError("it ends at byte 0");
      expect([next.bytes.local, next.bytes.remote, machine.log.length]).toEqual([0, 5000, 1]);
    }),
  );

  it(
    "stay without copies where the disk is full, and nothing else comes of it",
    test(async (machine) => {
      const full: FileSystem = {
        ...nodeFileSystem,
        create: async () => {
          throw Object.assign(new Error("full"), { code: "ENOSPC" });
        },
        link: async () => {
          throw Object.assign(new Error("full"), { code: "ENOSPC" });
        },
      };
      const slot = await machine.slot(undefined, full);
      const written = await write(slot.files, "count");
      const sst = machine.dir.write("theirs", content(3));
      const adopted = await slot.files.adopt(sst, "sst");
      await slot.copies.acknowledged(4, snapshot(written, adopted));
      expect(read(slot.files, written)).toEqual(content(7));
      expect(read(slot.files, adopted)).toEqual(content(3));
      expect(machine.local).toEqual([]);
      expect(machine.log).toEqual([expect.stringContaining("the disk is full")]);
    }),
  );

  it(
    "leave no copy of what is given up",
    test(async (machine) => {
      const slot = await machine.slot();
      const open = slot.files.create("open");
      open.write(content(1));
      await open.abort();
      const closed = slot.files.create("closed");
      closed.write(content(1));
      await closed.close();
      await closed.abort();
      await slot.files.discard?.(await write(slot.files, "discarded"));
      expect(machine.dir.files()).toEqual([]);
      await slot.copies.acknowledged(3, snapshot(await write(slot.files, "acknowledged")));
      slot.copies.aborted(3);
      await slot.copies.settled();
      expect(machine.local).toEqual([]);
    }),
  );

  it(
    "keep copies as long as a checkpoint that can be recovered names them",
    test(async (machine) => {
      const slot = await machine.slot();
      const full = await write(slot.files, "full");
      await slot.copies.acknowledged(1, snapshot(full));
      slot.copies.completed(1);
      const change = await write(slot.files, "change");
      await slot.copies.acknowledged(2, snapshot(full, change));
      const given = await write(slot.files, "given-up");
      await slot.copies.acknowledged(3, snapshot(full, given));
      slot.copies.aborted(3);
      slot.copies.completed(2);
      await slot.copies.settled();
      expect(machine.local).toEqual(["chk-2/change", "chk-2/full"]);
      // A slot that comes later takes over what it names itself.
      const next = await machine.slot(2);
      const later = await write(next.files, "later");
      await next.copies.acknowledged(4, snapshot(full, later));
      next.copies.completed(4);
      await next.copies.settled();
      expect(machine.local).toEqual(["chk-4/full", "chk-4/later"]);
      expect(readFileSync(machine.copyOf(full))).toEqual(Buffer.from(content(7)));
    }),
  );

  it(
    "share the folder with other slots, which may be quicker, and restore from the same files",
    test(async (machine) => {
      const before = await machine.slot();
      const full = await write(before.files, "full");
      await before.copies.acknowledged(1, snapshot(full));
      const [a, b] = [await machine.slot(1), await machine.slot(1)];
      for (const { copies } of [a, b]) await copies.acknowledged(2, snapshot(full));
      a.copies.completed(2);
      await a.copies.settled();
      // b has not heard of it yet.
      await b.copies.acknowledged(3, snapshot(full, await write(b.files, "b")));
      b.copies.completed(3);
      await b.copies.settled();
      expect(machine.local).toEqual(["chk-3/b", "chk-3/full"]);
      // a's only link is gone: it does without.
      const own = await write(a.files, "a");
      await a.copies.acknowledged(4, snapshot(full, own));
      expect(machine.local).toEqual(["chk-3/b", "chk-3/full", "chk-4/a"]);
      expect(machine.log).toEqual([]);
    }),
  );

  it("are not copied where the folder can't be made", async () => {
    using dir = tempFolder();
    const log: string[] = [];
    writeFileSync(join(dir.path, "job"), "");
    const copies = await LocalCopies.open({
      folders: { job: join(dir.path, "job"), slot: join(dir.path, "job", "slot") },
      log: (_, message) => log.push(message),
    });
    expect([copies, log.length, existsSync(join(dir.path, "job", "slot"))]).toEqual([undefined, 1, false]);
  });
});

function flip(path: string): void {
  const bytes = readFileSync(path);
  bytes[4321] = (bytes[4321] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}
