import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { JOB, SINK, SOURCE } from "./testing/sample-job.ts";
import { ARTIFACT } from "./testing/scripted-gateway.ts";
import { serving, type Serving } from "./testing/serving.ts";

let server: Serving;
beforeAll(async () => {
  server = await serving();
});
afterAll(async () => server[Symbol.asyncDispose]());

const nobody = "1".repeat(32);
const vertex = `/jobs/${JOB}/vertices/${SOURCE}`;
const json = { "content-type": "application/json" };

/** Status, code and text of a refusal; every refusal has these and nothing else. */
async function refusal(response: Response): Promise<{ status: number; code: string | null; text: string }> {
  const body = (await response.json()) as { errors: string[] };
  expect(Object.keys(body)).toEqual(["errors"]);
  return {
    status: response.status,
    code: response.headers.get("x-millrace-code"),
    text: body.errors.join("\n"),
  };
}

describe("what is not there", () => {
  it.each([
    ["GET", "/nothing", /openapi/u],
    ["GET", "/v1/v1/jobs", /openapi/u],
    ["GET", "/v2/jobs", /openapi/u],
    ["GET", `/jobs/${nobody}`, /no job 1111/u],
    ["GET", `/jobs/${nobody}/plan`, /no job/u],
    ["PATCH", `/jobs/${nobody}`, /no job/u],
    ["POST", `/jobs/${nobody}/stop`, /no job/u],
    ["GET", `/jobs/${JOB}/vertices/unheard`, /no vertex unheard/u],
    ["GET", `${vertex}/subtasks/9`, /subtasks 0 to 1, and no 9/u],
    ["GET", `${vertex}/subtasks/0/attempts/9`, /no attempt 9; the current one is 1/u],
    ["GET", `${vertex}/flamegraph?subtaskindex=9`, /no 9/u],
    ["GET", `/jobs/${JOB}/checkpoints/details/99`, /no checkpoint 99; it remembers 5 to 9/u],
    ["GET", `/jobs/${JOB}/checkpoints/details/8/subtasks/${SINK}`, /no vertex/u],
    ["GET", `/jobs/${JOB}/savepoints/${nobody}`, /operation/u],
    ["GET", `/jobs/${JOB}/rescaling/${nobody}`, /no change of parallelism/u],
    ["GET", `/jobs/${JOB}/rescales/details/unheard`, /no rescale/u],
    ["GET", "/taskmanagers/tm-9", /no TaskManager tm-9/u],
    ["GET", "/taskmanagers/tm-9/log", /no TaskManager tm-9/u],
    ["GET", "/taskmanagers/metrics?taskmanagers=tm-9", /no TaskManager tm-9/u],
    ["GET", "/jobmanager/logs/unheard.log", /no log file/u],
    ["GET", "/jobmanager/logs/..%2F..%2Fetc%2Fpasswd", /no log file/u],
    ["GET", "/taskmanagers/tm-1/logs/..%5C..%5Csecret", /no log file/u],
    ["DELETE", `/jars/${"2".repeat(64)}_x.mjs`, /no artifact/u],
  ])("%s %s is refused with 404", async (method, path, text) => {
    const { status, code, text: told } = await refusal(await server.ask(method, path));
    expect({ status, code }).toEqual({ status: 404, code: "NOT_FOUND" });
    expect(told).toMatch(text);
  });

  it.each([
    ["POST", "/overview", "GET"],
    ["DELETE", "/jobs", "GET, POST"],
    ["PUT", `/v1/jobs/${JOB}`, "GET, PATCH"],
    ["POST", `/jobs/${JOB}/plan`, "GET"],
    ["GET", `/jobs/${JOB}/stop`, "POST"],
    ["OPTIONS", "/jobs", "GET, POST"],
  ])("%s %s is refused with 405", async (method, path, allow) => {
    const response = await server.ask(method, path);
    expect(response.headers.get("allow")).toBe(allow);
    expect(await refusal(response)).toMatchObject({
      status: 405,
      text: `this path takes ${allow}, not ${method}`,
    });
  });
});

describe("what is wrong", () => {
  it.each([
    [`/jobs/nothex`, /the path's jobid must match pattern.*nothex/u],
    [`/jobs/${"A".repeat(32)}`, /jobid/u],
    [`/jobs/${JOB}?verbose=1`, /the query has no "verbose"; it takes none/u],
    [`/jobs/${JOB}/exceptions?max=3`, /no "max"; known are maxExceptions, failureLabelFilter/u],
    [`/jobs/${JOB}/exceptions?maxExceptions=-1`, /maxExceptions must be >= 0; got -1/u],
    [`/jobs/${JOB}/exceptions?maxExceptions=many`, /maxExceptions must be integer; got "many"/u],
    [`/jobs/${JOB}/exceptions?maxExceptions=1&maxExceptions=2`, /maxExceptions must be integer/u],
    [`/jobs/${JOB}/exceptions?failureLabelFilter=x`, /failureLabelFilter/u],
    [`/jobs/metrics?get=x&agg=median`, /agg.* must be one of min, max, avg, sum, skew; got "median"/u],
    [`/jobs/metrics?jobs=x`, /jobs/u],
    [`${vertex}/subtasks/metrics?subtasks=a-b`, /subtasks/u],
    [`${vertex}/subtasks/x`, /subtaskindex must be integer; got "x"/u],
    [`${vertex}/subtasks/-1`, /subtaskindex must be >= 0/u],
    [`${vertex}/flamegraph?type=half`, /type must be one of FULL, ON_CPU, OFF_CPU; got "half"/u],
    [`/jobs/${JOB}/checkpoints/details/seven`, /checkpointid must be integer/u],
    [`/jars/${ARTIFACT}/plan?parallelism=0`, /parallelism must be >= 1; got 0/u],
    [
      `/jars/${ARTIFACT}/plan?program-args=a`,
      /no "program-args"; known are entry-class, programArg, parallelism/u,
    ],
  ])("GET %s is refused with 400", async (path, text) => {
    const { status, code, text: told } = await refusal(await server.ask("GET", path));
    expect({ status, code }).toEqual({ status: 400, code: "INVALID_ARGUMENT" });
    expect(told).toMatch(text);
  });

  it.each([
    ["PATCH", `/jobs/${JOB}?mode=kill`, undefined, /mode must be one of cancel, stop; got "kill"/u],
    ["PATCH", `/jobs/${JOB}?mode=stop`, undefined, /POST \/jobs\/:jobid\/stop/u],
    ["PATCH", `/jobs/${JOB}/rescaling`, undefined, /must have required properties parallelism/u],
    ["PATCH", `/jobs/${JOB}/rescaling?parallelism=99999`, undefined, /parallelism must be <= 32768/u],
    ["POST", `/jars/${ARTIFACT}/run`, { parallelism: 0 }, /the body's parallelism must be >= 1; got 0/u],
    ["POST", `/jars/${ARTIFACT}/run`, { programArgs: "a b" }, /the body has no "programArgs"/u],
    [
      "POST",
      `/jars/${ARTIFACT}/run`,
      { restoreMode: "LEGACY" },
      /restoreMode must be one of NO_CLAIM, CLAIM; got "LEGACY"/u,
    ],
    [
      "POST",
      `/jars/${ARTIFACT}/run`,
      { restoreMode: "CLAIM", claimMode: "NO_CLAIM" },
      /two names of the same/u,
    ],
    ["POST", `/jars/${ARTIFACT}/run`, { args: {}, programArgsList: [] }, /give one of them/u],
    [
      "POST",
      `/jars/${ARTIFACT}/run`,
      { entryClass: "com.example.Job" },
      /the job of this artifact is orders/u,
    ],
    ["POST", `/jars/${ARTIFACT}/run`, { jobId: "x" }, /jobId/u],
    ["POST", `/jars/${ARTIFACT}/run`, { flinkConfiguration: { a: 1 } }, /flinkConfiguration.*string/u],
    ["POST", `/jars/${ARTIFACT}/run`, [1], /the body/u],
    ["POST", `/jobs/${JOB}/savepoints`, { formatType: "NATIVE" }, /formatType must be one of CANONICAL/u],
    ["POST", `/jobs/${JOB}/savepoints`, { "target-directory": "" }, /target-directory/u],
    ["POST", `/jobs/${JOB}/savepoints`, { triggerId: "x" }, /triggerId/u],
    ["POST", `/jobs/${JOB}/checkpoints`, { checkpointType: "FULL" }, /CONFIGURED/u],
    ["POST", "/savepoint-disposal", {}, /must have required properties savepoint-path/u],
    [
      "PUT",
      `/jobs/${JOB}/resource-requirements`,
      { unheard: { parallelism: { lowerBound: 1, upperBound: 2 } } },
      /no vertex unheard/u,
    ],
    [
      "PUT",
      `/jobs/${JOB}/resource-requirements`,
      { [SOURCE]: { parallelism: { lowerBound: 3, upperBound: 2 } } },
      /the lower bound 3 is above the upper one, 2/u,
    ],
    [
      "PUT",
      `/jobs/${JOB}/resource-requirements`,
      { [SOURCE]: { parallelism: { lowerBound: 0, upperBound: 2 } } },
      /lowerBound must be >= 1/u,
    ],
    ["POST", "/jobs", { jobGraphFileName: "x" }, /POST \/jars\/upload/u],
  ])("%s %s with %j is refused with 400", async (method, path, body, text) => {
    const before = server.gateway.calls.filter((call) => call !== "job").length;
    const { status, text: told } = await refusal(await server.send(method, path, body));
    expect(status, told).toBe(400);
    expect(told).toMatch(text);
    expect(server.gateway.calls.filter((call) => call !== "job")).toHaveLength(before);
  });

  it("are bodies that are no JSON, of another type, or too large", async () => {
    const path = `/jars/${ARTIFACT}/run`;
    const post = (init: RequestInit): Promise<Response> => server.ask("POST", path, init);
    expect(await refusal(await post({ body: "{", headers: json }))).toMatchObject({ status: 400 });
    expect(await refusal(await post({ body: '{"__proto__": {}}', headers: json }))).toMatchObject({
      status: 400,
    });
    expect(
      await refusal(await post({ body: "<a/>", headers: { "content-type": "text/xml" } })),
    ).toMatchObject({ status: 415 });
    expect(
      await refusal(
        await post({ body: "a=1", headers: { "content-type": "application/x-www-form-urlencoded" } }),
      ),
    ).toMatchObject({ status: 415 });
    const large = JSON.stringify({ programArgsList: ["x".repeat(2 * 1024 * 1024)] });
    expect(await refusal(await post({ body: large, headers: json }))).toMatchObject({ status: 413 });
    expect(
      await refusal(
        await server.ask("POST", "/jobs", {
          body: "\xac\xed",
          headers: { "content-type": "application/octet-stream" },
        }),
      ),
    ).toMatchObject({ status: 400, text: expect.stringContaining("POST /jars/upload") });
  });
});

describe("errors of the gateway", () => {
  it.each([
    ["CONFLICT", 409],
    ["RESTORE_REFUSED", 409],
    ["VERSION_MISMATCH", 409],
    ["NOT_FOUND", 404],
    ["NOT_AUTHORIZED", 403],
    ["JOB_MODULE_INVALID", 400],
    ["CONNECTION_LOST", 503],
    ["INTERNAL", 500],
  ] as const)("%s is answered with %i, its text and its help", async (code, status) => {
    const failing = new MillraceError(code, "the text", { help: "the help" });
    await using other = await serving({}, { run: async () => Promise.reject(failing) });
    expect(await refusal(await other.send("POST", `/jars/${ARTIFACT}/run`))).toEqual({
      status,
      code,
      text: "the text\nthe help",
    });
    expect(other.logged.some((line) => line.startsWith("error"))).toBe(status >= 500);
  });

  it("without a code are logged, and not told", async () => {
    await using other = await serving(
      {},
      {
        metrics: () => {
          throw new TypeError("the password is hunter2");
        },
      },
    );
    const { status, code, text } = await refusal(await other.ask("GET", "/jobmanager/metrics"));
    expect({ status, code }).toEqual({ status: 500, code: "INTERNAL" });
    expect(text).not.toContain("hunter2");
    expect(other.logged.join("\n")).toContain("hunter2");
  });
});

describe("switches", () => {
  it.each([
    ["submit", "POST", `/jars/${ARTIFACT}/run`, "web.submit.enable"],
    ["submit", "POST", `/jars/${ARTIFACT}/plan`, "web.submit.enable"],
    ["submit", "GET", `/jars/${ARTIFACT}/plan`, "web.submit.enable"],
    ["submit", "DELETE", `/jars/${ARTIFACT}`, "web.submit.enable"],
    ["submit", "POST", "/jars/upload", "web.submit.enable"],
    ["cancel", "PATCH", `/jobs/${JOB}`, "web.cancel.enable"],
    ["cancel", "POST", `/jobs/${JOB}/stop`, "web.cancel.enable"],
    ["cancel", "DELETE", "/cluster", "web.cancel.enable"],
    ["rescale", "PATCH", `/jobs/${JOB}/rescaling?parallelism=2`, "web.rescale.enable"],
    ["flameGraphs", "GET", `${vertex}/flamegraph`, "rest.flamegraph.enabled"],
  ] as const)("%s off refuses %s %s", async (what, method, path, option) => {
    await using off = await serving({ [what]: false });
    const form = new FormData();
    form.set("jarfile", new Blob(["x"]), "job.mjs");
    const response = await off.ask(method, path, path.endsWith("upload") ? { body: form } : {});
    expect(await refusal(response)).toEqual({
      status: 403,
      code: "NOT_AUTHORIZED",
      text: `this JobManager does not allow that: ${option} is false`,
    });
    expect(off.gateway.calls).toEqual([]);
  });

  it("are told to the dashboard, and leave the rest alone", async () => {
    await using off = await serving({ submit: false, cancel: false, rescale: false });
    expect(await off.json("/config")).toMatchObject({
      "refresh-interval": 3000,
      features: { "web-submit": false, "web-cancel": false, "web-rescale": false },
    });
    expect((await off.ask("GET", "/jars")).status).toBe(200);
    expect((await off.send("POST", `/jobs/${JOB}/savepoints`)).status).toBe(202);
    const cancel = { "cancel-job": true };
    expect((await off.send("POST", `/jobs/${JOB}/savepoints`, cancel)).status).toBe(403);
    const disposal = { "savepoint-path": "/savepoints/s" };
    expect((await off.send("POST", "/savepoint-disposal", disposal)).status).toBe(403);
    const requirements = { [SOURCE]: { parallelism: { lowerBound: 1, upperBound: 2 } } };
    expect((await off.send("PUT", `/jobs/${JOB}/resource-requirements`, requirements)).status).toBe(403);
  });
});
