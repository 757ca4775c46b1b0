import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { LOG } from "./testing/scripted-gateway.ts";
import { serving, type Serving } from "./testing/serving.ts";

const TEXT = "first line\nsecond line\n";
let server: Serving;
beforeAll(async () => {
  server = await serving();
});
afterAll(async () => server[Symbol.asyncDispose]());

const get = (path: string, range?: string): Promise<Response> =>
  server.ask("GET", path, range === undefined ? {} : { headers: { range } });

describe.each([
  `/jobmanager/logs/${LOG}`,
  "/jobmanager/log",
  "/jobmanager/stdout",
  "/taskmanagers/tm-1/log",
  `/taskmanagers/tm-1/logs/${LOG}`,
])("%s", (path) => {
  it("is text, whole or in part", async () => {
    const whole = await get(path);
    expect(whole.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(whole.headers.get("x-content-type-options")).toBe("nosniff");
    expect(await whole.text()).toBe(TEXT);
    const part = await get(path, "bytes=6-9");
    expect([part.status, part.headers.get("content-range"), await part.text()]).toEqual([
      206,
      `bytes 6-9/${TEXT.length}`,
      "line",
    ]);
    expect(await (await get(path, "bytes=11-")).text()).toBe("second line\n");
    expect(await (await get(path, "bytes=-5")).text()).toBe("line\n");
    expect(await (await get(path, "bytes=-5000")).text()).toBe(TEXT);
    expect(await (await get(path, "bytes=6-90000")).text()).toBe(TEXT.slice(6));
  });

  it("refuses ranges behind the end, and ignores what is none", async () => {
    const behind = await get(path, "bytes=23-");
    expect([behind.status, behind.headers.get("content-range")]).toEqual([416, `bytes */${TEXT.length}`]);
    expect((await get(path, "bytes=9-3")).status).toBe(416);
    for (const range of ["lines=1-2", "bytes=-", "bytes=0-1,3-4", "bytes=x-y"]) {
      const response = await get(path, range);
      expect([response.status, await response.text()]).toEqual([200, TEXT]);
    }
  });
});

describe("logs", () => {
  it("are listed", async () => {
    expect(await server.json("/jobmanager/logs")).toMatchObject({
      logs: [{ name: LOG, size: TEXT.length }, { name: "millrace-jobmanager.out" }],
    });
  });

  it("that are large come in pieces, up to the size that they had", async () => {
    const size = 3 * 1024 * 1024 + 17;
    const asked: number[] = [];
    await using other = await serving(
      {},
      {
        logs: async () => [{ name: "large.log", bytes: size, modifiedAt: 1 }],
        log: async (_name, _offset, bytes) => {
          asked.push(bytes);
          return new Uint8Array(bytes).fill(0x61);
        },
      },
    );
    const text = await (await other.ask("GET", "/jobmanager/log")).text();
    expect(text.length).toBe(size);
    expect(Math.max(...asked)).toBeLessThanOrEqual(256 * 1024);
  });

  it("that are empty, or were cut meanwhile, end", async () => {
    await using other = await serving(
      {},
      {
        logs: async () => [
          { name: "empty.log", bytes: 0, modifiedAt: 2 },
          { name: "cut.log", bytes: 1000, modifiedAt: 1 },
        ],
        log: async (_name, offset) => new Uint8Array(offset === 0 ? 10 : 0),
      },
    );
    expect(await (await other.ask("GET", "/jobmanager/log")).text()).toBe("");
    expect(await (await other.ask("GET", "/jobmanager/logs/cut.log")).text()).toHaveLength(10);
  });

  it("that can't be read are answered by an error", async () => {
    const gone = async (): Promise<never> =>
      Promise.reject(new MillraceError("CONNECTION_LOST", "tm-1 is gone"));
    await using other = await serving({}, { taskManagerLog: gone, logs: async () => [] });
    const response = await other.ask("GET", "/taskmanagers/tm-1/log");
    expect([response.status, await response.json()]).toEqual([503, { errors: ["tm-1 is gone"] }]);
    expect((await other.ask("GET", "/jobmanager/stdout")).status).toBe(404);
  });
});
