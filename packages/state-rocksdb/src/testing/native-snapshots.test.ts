import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { valueState } from "millrace";
import type { KeyedStateHandle, SnapshotKeyedStore, StateBytes } from "millrace/internal/state-backend";
import { describe, expect, it } from "vitest";
import { storeRequest } from "../../../millrace/src/runtime/state/testing/store-request.ts";
import { atOnce } from "../../../millrace/src/runtime/state/testing/take-snapshot.ts";
import { bindingProblem } from "../binding/load-binding.ts";
import { rocksFactory } from "./factories.ts";
import { checkpointFolder, filesIn } from "./memory-files.ts";

const problem = bindingProblem();
type Native = Extract<KeyedStateHandle, { kind: "native" }>;

describe.skipIf(problem !== undefined)(`native snapshots ${problem ?? ""}`, () => {
  const folder = checkpointFolder();
  const make = rocksFactory("cached");

  function filled(
    from: number,
    to: number,
    store = make().createKeyedStore(storeRequest()),
  ): SnapshotKeyedStore {
    const state = store.getState("value", valueState<string>());
    for (let key = from; key < to; key++) {
      store.setCurrentKey(key);
      state.update(`value ${key}`);
    }
    return store;
  }

  async function take(store: SnapshotKeyedStore, checkpointId: number, incremental = true): Promise<Native> {
    const request = { checkpointId, files: filesIn(folder, 100), canonical: false, incremental };
    return (await store.snapshot(request).write(atOnce)) as Native;
  }

  function tables(handle: Native): ReadonlyMap<string, StateBytes> {
    return new Map(
      handle.files.filter(({ name }) => name.endsWith(".sst")).map(({ name, bytes }) => [name, bytes]),
    );
  }

  /** Files that both name as one. */
  function shared(one: Native, other: Native): string[] {
    const [a, b] = [tables(one), tables(other)];
    return [...a].flatMap(([name, bytes]) => (b.get(name) === bytes ? [name] : []));
  }

  it("write a file once, and name it in each later checkpoint that builds on a recorded one", async () => {
    const store = filled(0, 500);
    const first = await take(store, 1);
    expect(tables(first).size).toBeGreaterThan(0);
    filled(500, 600, store);
    expect(shared(first, await take(store, 2))).toEqual([]);
    store.checkpointComplete(1);
    store.checkpointAborted(2);
    filled(600, 700, store);
    const third = await take(store, 3);
    expect(shared(first, third).length).toBeGreaterThan(0);
    expect(tables(third).size).toBeGreaterThan(shared(first, third).length);
    expect(shared(first, await take(store, 4, false))).toEqual([]);
  });

  it("go on with the files that a store was restored from", async () => {
    const first = await take(filled(0, 500), 1);
    const store = make().createKeyedStore(storeRequest());
    await store.restore([first], filesIn(folder));
    filled(500, 600, store);
    store.restored();
    const second = await take(store, 2);
    expect(shared(first, second).length).toBeGreaterThan(0);
    const after = make().createKeyedStore(storeRequest());
    await after.restore([second], filesIn(folder));
    expect(after.keyCount).toBe(600);
  });

  it("leave nothing in the working folder but the database", async () => {
    const store = filled(0, 100);
    await take(store, 1);
    const { path } = (store as unknown as { parts: { folder: { path: string } } }).parts.folder;
    expect(readdirSync(path)).toEqual(["db"]);
    store.dispose();
    expect(() => readdirSync(path)).toThrowError(/ENOENT/);
  });

  it("are refused when a file is damaged, cut or missing, naming it", async () => {
    const handle = await take(filled(0, 500), 1, false);
    const files = handle.files.flatMap(({ bytes }) => (bytes.kind === "file" ? [bytes.path] : []));
    expect(files.length).toBeGreaterThan(1);
    for (const path of files) {
      const whole = readFileSync(path);
      for (const at of [0, whole.length >> 1, whole.length - 1]) {
        const damaged = Buffer.from(whole);
        damaged[at]! ^= 0x10;
        writeFileSync(path, damaged);
        await expectCorrupt(handle, path);
      }
      truncateSync(path, whole.length - 1);
      await expectCorrupt(handle, path);
      writeFileSync(path, whole);
    }
    const [lost] = handle.files.filter(({ name }) => name.endsWith(".sst"));
    const without = { ...handle, files: handle.files.filter((each) => each !== lost) };
    await expectCorrupt(without, lost!.name);
  });

  async function expectCorrupt(handle: Native, path: string): Promise<void> {
    const store = make().createKeyedStore(storeRequest());
    const name = path.slice(path.lastIndexOf("/") + 1);
    await expect(store.restore([handle], filesIn(folder)), path).rejects.toMatchObject({
      code: expect.stringMatching(/^CHECKPOINT_(CORRUPT|STORAGE_FAILED)$/u) as unknown,
      message: expect.stringContaining(name) as unknown,
    });
    store.dispose();
  }
});
