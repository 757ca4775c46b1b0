import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ArtifactReference } from "../../../protocol/cluster/resource-messages.ts";
import { ArtifactCache } from "./artifact-cache.ts";

let parent: string;
let cache: ArtifactCache;
let fetched: string[];
let failing: boolean;
const folder = (): string => join(parent, "artifacts");
/** Its bytes are the letter. */
const artifact = (letter: string): ArtifactReference => ({
  sha256: createHash("sha256").update(letter).digest("hex"),
  bytes: 10,
  originalUrl: "file:///job.ts",
});
const letterOf = (sha256: string): string =>
  [..."abcde"].find((letter) => artifact(letter).sha256 === sha256) ?? "?";
const files = async (): Promise<string> =>
  (await readdir(folder()))
    .map((name) => letterOf(name.slice(0, 64)))
    .sort()
    .join("");

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "millrace-cache-"));
  await mkdir(folder());
  fetched = [];
  failing = false;
  cache = new ArtifactCache({
    folder: folder(),
    maxIdleBytes: 20,
    log: () => {},
    fetch: async ({ sha256 }, into) => {
      fetched.push(letterOf(sha256));
      await new Promise((resolve) => setImmediate(resolve));
      if (failing) throw new Error("not now");
      const path = join(into, `${sha256}.mjs`);
      await writeFile(path, letterOf(sha256));
      return path;
    },
  });
});
afterEach(async () => {
  await cache.close();
  await rm(parent, { recursive: true });
});

describe("the artifacts of a TaskManager", () => {
  it("are fetched once by all who need them at a time, and again after a failure", async () => {
    failing = true;
    const failures = await Promise.allSettled([cache.use(artifact("a")), cache.use(artifact("a"))]);
    expect(failures.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    failing = false;
    const [one, other] = await Promise.all([cache.use(artifact("a")), cache.use(artifact("a"))]);
    expect(one.url).toBe(other.url);
    expect(fetched).toEqual(["a", "a"]);
  });

  it("stay while they are used, and the newest of the others while there is room", async () => {
    const used = await cache.use(artifact("a"));
    for (const letter of "bcde") (await cache.use(artifact(letter))).release();
    await cache.use(artifact("d"));
    expect(fetched.join("")).toBe("abcde");
    await expect.poll(files).toBe("ade");
    used.release();
    used.release();
    // e and a are idle now, and there is no room for more: the oldest, e, goes.
    (await cache.use(artifact("b"))).release();
    (await cache.use(artifact("a"))).release();
    expect(fetched.join("")).toBe("abcdeb");
  });

  it("are fetched again where they are damaged or gone, once, and for those who have them nothing changes", async () => {
    const held = await cache.use(artifact("a"));
    const path = fileURLToPath(held.url);
    await writeFile(path, "b");
    const again = await Promise.all([cache.use(artifact("a")), cache.use(artifact("a"))]);
    expect([fetched.join(""), await readFile(path, "utf8")]).toEqual(["aa", "a"]);
    held.release();
    expect((await cache.use(artifact("a"))).url).toBe(held.url);
    for (const used of again) used.release();
    expect(fetched.join("")).toBe("aa");
    await rm(folder(), { recursive: true });
    await cache.use(artifact("a"));
    expect([fetched.join(""), await files()]).toEqual(["aaa", "a"]);
  });

  it("are removed at the end; what is no hash is refused", async () => {
    await cache.use(artifact("a"));
    await expect(cache.use({ ...artifact("a"), sha256: "../x" })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    await cache.close();
    await expect(files()).rejects.toMatchObject({ code: "ENOENT" });
    await expect(cache.use(artifact("b"))).rejects.toMatchObject({ code: "CONNECTION_LOST" });
  });
});
