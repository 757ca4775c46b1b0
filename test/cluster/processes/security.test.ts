import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { connect as connectTls } from "node:tls";
import { afterAll, assert, beforeAll, describe, expect, it } from "vitest";
import { createAuthority } from "../../../packages/millrace/src/cluster/transport/testing/certificates.ts";
import { ended, type Ended } from "../../cli/workplace.ts";
import { builtEngine } from "../../testing/built-engine.ts";
import { expectedTotals } from "./jobs/totals.ts";
import { linesIn } from "./testing-totals.ts";

/*
 * A cluster as an operator starts it where others reach its ports: TLS with certificates of both sides on all of them, and tokens.
 */

const MAIN = join(await builtEngine(), "dist/cli.js");
const TOTALS = fileURLToPath(new URL("./jobs/totals.ts", import.meta.url));
const REST_TOKEN = "rest-Token-4711";
const INTERNAL_TOKEN = "internal-Token-0815";
const PASSWORD = "key-Password-12";

let folder: string;
let restUrl: string;
let rpcPort: string;
const said: string[] = [];
const path = (...parts: readonly string[]): string => join(folder, ...parts);

/** Runs `millrace` to its end, in the test's folder. */
async function millrace(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const child = spawn(process.execPath, ["--conditions=millrace-source", MAIN, ...args], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: "", NO_COLOR: "1", ...env },
    timeout: 100_000,
  });
  child.stdin.end();
  const end = await ended(child);
  said.push(end.out, end.err);
  return end;
}

/** As an operator, who must succeed. */
async function operator(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await millrace(args, { MILLRACE_CONF_DIR: path("operator") });
  expect({ args, code, err: code === 0 ? "" : err }).toEqual({ args, code: 0, err: "" });
  return out.trim();
}

/** What the REST API answers an operator. */
function get(where: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const pem = readFileSync(path("operator.pem"));
  const headers = { authorization: `Bearer ${REST_TOKEN}` };
  const options = {
    ca: readFileSync(path("rest-ca.pem")),
    cert: pem,
    key: pem,
    headers,
    agent: false as const,
  };
  request(new URL(where, restUrl), options, (response) => {
    let text = "";
    response.on("data", (bytes: Buffer) => (text += bytes.toString())).on("end", () => resolve(text));
  })
    .on("error", reject)
    .end();
  return promise;
}

/** All that processes have logged. */
const logs = (): string =>
  readdirSync(path("log"))
    .map((name) => readFileSync(path("log", name), "utf8"))
    .join("\n");

/** Waits for a line of some process's log, a minute at most. */
async function logged(line: RegExp): Promise<void> {
  for (const begin = performance.now(); performance.now() - begin < 60_000;) {
    if (line.test(logs())) return;
    await setTimeout(20);
  }
  expect(logs()).toMatch(line);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-secured-"));
  const [internal, rest, stranger] = ["cluster", "rest", "stranger"].map(createAuthority) as [
    ReturnType<typeof createAuthority>,
    ReturnType<typeof createAuthority>,
    ReturnType<typeof createAuthority>,
  ];
  const files = {
    "internal-ca.pem": internal.certificate,
    "rest-ca.pem": rest.certificate,
    "stranger-ca.pem": stranger.certificate,
    "node.pem": internal.issue("node", PASSWORD),
    "expired-node.pem": internal.issue("node", undefined, { expired: true }),
    "rest.pem": rest.issue("rest api", undefined, { host: "localhost" }),
    "operator.pem": rest.issue("operator"),
    "expired.pem": rest.issue("operator", undefined, { expired: true }),
    "stranger.pem": stranger.issue("somebody"),
    token: `${REST_TOKEN}\n`,
    "wrong-token": "another-Token\n",
  };
  for (const [name, text] of Object.entries(files)) await writeFile(path(name), text, { mode: 0o600 });
  for (const name of ["cluster", "operator"]) await mkdir(path(name));
  await writeFile(
    path("cluster/config.yaml"),
    `
rest.address: localhost
rest.port: 0
jobmanager.rpc.port: 0
io.tmp.dirs: ${path("tmp")}
env.log.dir: ${path("log")}
security:
  internal.token: ${INTERNAL_TOKEN}
  ssl:
    internal:
      enabled: true
      keystore: node.pem
      truststore: internal-ca.pem
    rest:
      enabled: true
      authentication-enabled: true
      keystore: rest.pem
      truststore: rest-ca.pem
`,
  );
  const secrets = [`security.rest.token=${REST_TOKEN}`, `security.ssl.internal.key-password=${PASSWORD}`];
  const start = ["cluster", "start", "-n", "2", "--slots", "1", "--conf", "cluster", "--json"];
  const started = await millrace([...start, ...secrets.flatMap((secret) => ["-D", secret])]);
  assert.equal(started.code, 0, started.err);
  ({ restUrl } = JSON.parse(started.out) as { restUrl: string });
  rpcPort = /TaskManagers are awaited at 127\.0\.0\.1:(\d+)/u.exec(logs())?.[1] as string;
  await writeFile(
    path("operator/config.yaml"),
    `
rest.address: localhost
rest.port: ${new URL(restUrl).port}
security.rest.token-file: token
security.ssl.rest:
  enabled: true
  keystore: operator.pem
  truststore: rest-ca.pem
`,
  );
});
afterAll(async () => {
  await millrace(["cluster", "stop"]);
  await rm(folder, { recursive: true, force: true });
});

/** What is on the command line of a process, which everybody on the machine may read. */
const commandLines = (): string => {
  const { processes } = JSON.parse(readFileSync(path(".millrace/cluster/cluster.json"), "utf8")) as {
    processes: { pid: number }[];
  };
  return processes.map(({ pid }) => readFileSync(`/proc/${pid}/cmdline`, "utf8")).join("\n");
};

it(
  "runs jobs over TaskManagers that share nothing but the network, and shows no secret anywhere",
  { timeout: 120_000 },
  async () => {
    expect(restUrl).toMatch(/^https:\/\/localhost:\d+$/u);
    const run = ["run", TOTALS, "-m", restUrl, "-p", "2"];
    // Each takes both slots.
    expect(await operator(...run, "--", "--output", "out", "--count", "500", "--rate", "100000")).toBe("");
    expect(linesIn(path("out"))).toEqual(expectedTotals(500));

    const job = await operator(...run, "--detached", "--", "--output", "endless", "--count", "5000000");
    const savepoint = await operator("savepoint", "trigger", job, path("savepoints"));
    expect(existsSync(join(savepoint, "_metadata"))).toBe(true);
    expect(await operator("logs", job)).toContain(job);
    const { taskmanagers } = JSON.parse(await get("/taskmanagers")) as { taskmanagers: { id: string }[] };
    const answers = await Promise.all(
      [
        "/jobmanager/config",
        "/jobmanager/environment",
        "/jobmanager/log",
        "/config",
        "/overview",
        "/metrics",
        "/taskmanagers",
        ...taskmanagers.flatMap(({ id }) => [`/taskmanagers/${id}`, `/taskmanagers/${id}/log`]),
        `/jobs/${job}`,
        `/jobs/${job}/config`,
      ].map(get),
    );
    expect(answers[0]).toContain("security.ssl.internal.keystore");
    expect(commandLines()).toContain("jobmanager");
    expect(await operator("cancel", job)).toBe("totals CANCELED");

    const state = readdirSync(path(".millrace/cluster")).filter((name) => /\.(?:err|json)$/u.test(name));
    const shown = [
      ...answers,
      ...said,
      logs(),
      commandLines(),
      ...state.map((name) => readFileSync(path(".millrace/cluster", name), "utf8")),
    ].join("\n");
    for (const secret of [REST_TOKEN, INTERNAL_TOKEN, PASSWORD, "PRIVATE KEY"])
      expect(shown).not.toContain(secret);
  },
);

const tls = (...names: readonly string[]): readonly string[] =>
  ["truststore", "keystore"].flatMap((setting, index) =>
    names[index] === undefined ? [] : ["-D", `security.ssl.rest.${setting}=${names[index]}`],
  );
const withToken = ["-D", "security.rest.token-file=token"];

describe("refuses", () => {
  it.concurrent.for<readonly [string, string, () => readonly string[], RegExp, RegExp | undefined]>([
    [
      "a client without TLS",
      "CLUSTER_UNREACHABLE",
      () => ["-m", restUrl.replace("https", "http"), ...withToken],
      /it has closed the connection without an answer[^]*\nhelp: .*write https:\/\//u,
      /WARN {2}refused (?:127\.0\.0\.1|\[::1\]):\d+ at the REST API: it speaks plain HTTP where TLS is expected/u,
    ],
    [
      "a client that does not trust its authority",
      "CLUSTER_UNREACHABLE",
      () => ["-m", restUrl, ...withToken],
      /can't be trusted: its certificate is not signed by an authority that is trusted here[^]*\nhelp: .*security\.ssl\.rest\.truststore/u,
      /WARN {2}refused 127\.0\.0\.1:\d+ at the REST API: it has ended the connection before TLS was established; does it trust/u,
    ],
    [
      "a client that trusts another authority",
      "CLUSTER_UNREACHABLE",
      () => ["-m", restUrl, ...withToken, ...tls("stranger-ca.pem", "operator.pem")],
      /can't be trusted: its certificate is not signed by an authority that is trusted here/u,
      undefined,
    ],
    [
      "a client that calls it by another name",
      "CLUSTER_UNREACHABLE",
      () => [
        "-m",
        restUrl.replace("localhost", "127.0.0.1"),
        ...withToken,
        ...tls("rest-ca.pem", "operator.pem"),
      ],
      /can't be trusted: its certificate is for DNS:localhost, not for that host[^]*\nhelp: .*subjectAltName/u,
      undefined,
    ],
    [
      "a client without a certificate",
      "NOT_AUTHORIZED",
      () => ["-m", restUrl, ...withToken, ...tls("rest-ca.pem")],
      /has refused this client: it asks for a certificate, and was shown none[^]*\nhelp: .*security\.ssl\.rest\.keystore/u,
      /WARN {2}refused 127\.0\.0\.1:\d+ at the REST API: it shows no certificate/u,
    ],
    [
      "a client whose certificate has expired",
      "NOT_AUTHORIZED",
      () => ["-m", restUrl, ...withToken, ...tls("rest-ca.pem", "expired.pem")],
      /has refused this client: its certificate has expired at 2021-01-01/u,
      /WARN {2}refused 127\.0\.0\.1:\d+ at the REST API: its certificate has expired/u,
    ],
    [
      "a client with a certificate of somebody else",
      "CLUSTER_UNREACHABLE",
      () => ["-m", restUrl, ...withToken, ...tls("rest-ca.pem", "stranger.pem")],
      /it has closed the connection without an answer[^]*\nhelp: .*security\.ssl\.rest\.truststore/u,
      /WARN {2}refused 127\.0\.0\.1:\d+ at the REST API: its certificate is not signed by an authority that is trusted here/u,
    ],
    [
      "a client without the token",
      "NOT_AUTHORIZED",
      () => ["-m", restUrl, ...tls("rest-ca.pem", "operator.pem")],
      /this JobManager asks for a token[^]*\nhelp: .*security\.rest\.token-file/u,
      /WARN {2}refused GET \/jobs\/overview of 127\.0\.0\.1:\d+: it sends no token/u,
    ],
    [
      "a client with another token",
      "NOT_AUTHORIZED",
      () => [
        "-m",
        restUrl,
        "-D",
        "security.rest.token-file=wrong-token",
        ...tls("rest-ca.pem", "operator.pem"),
      ],
      /the token that was sent is not this JobManager's[^]*\nhelp: /u,
      /WARN {2}refused GET \/jobs\/overview of 127\.0\.0\.1:\d+: its token is wrong/u,
    ],
  ])("%s, who is told why, and so is the log", async ([, code, args, message, line]) => {
    const { code: exit, err } = await millrace(["list", ...args()]);
    expect(err).toContain(`error[${code}]: `);
    expect(err).toMatch(message);
    expect(exit).toBe(3);
    if (line !== undefined) await logged(line);
  });

  const internal = (keystore: string, truststore = "internal-ca.pem"): readonly string[] =>
    ["enabled=true", `keystore=${keystore}`, `truststore=${truststore}`].flatMap((setting) => [
      "-D",
      `security.ssl.internal.${setting}`,
    ]);
  const properties = `security.ssl.internal.key-password: ${PASSWORD}`;
  it.concurrent.for<readonly [string, number, string, readonly string[], string, RegExp, RegExp | undefined]>(
    [
      [
        "with another token",
        1,
        "NOT_AUTHORIZED",
        internal("node.pem"),
        `${properties}\nsecurity.internal.token: another-Token`,
        /has refused this process: its security\.internal\.token is missing or another one/u,
        /WARN {2}refused 127\.0\.0\.1:\d+ as a TaskManager: its security\.internal\.token is missing or wrong/u,
      ],
      [
        "of another cluster",
        1,
        "CLUSTER_UNREACHABLE",
        internal("stranger.pem", "stranger-ca.pem"),
        `security.internal.token: ${INTERNAL_TOKEN}`,
        /can't be joined: its certificate is not signed by an authority that is trusted here[^]*\nhelp: .*security\.ssl\.internal\.truststore/u,
        /WARN {2}refused 127\.0\.0\.1:\d+ at the port for TaskManagers: it has ended the connection before TLS was established/u,
      ],
      [
        "with a certificate of somebody else",
        1,
        "CLUSTER_UNREACHABLE",
        internal("stranger.pem"),
        `security.internal.token: ${INTERNAL_TOKEN}`,
        /it has closed the connection without an answer[^]*\nhelp: .*security\.ssl\.internal\.truststore/u,
        /WARN {2}refused 127\.0\.0\.1:\d+ at the port for TaskManagers: its certificate is not signed by an authority/u,
      ],
      [
        "with a certificate that has expired",
        2,
        "INVALID_OPTION",
        internal("expired-node.pem"),
        `security.internal.token: ${INTERNAL_TOKEN}`,
        /expired-node\.pem, whose certificate is valid from .* to 2021-01-01/u,
        undefined,
      ],
      [
        "without TLS",
        1,
        "CLUSTER_UNREACHABLE",
        [],
        `security.internal.token: ${INTERNAL_TOKEN}`,
        /it has closed the connection without an answer[^]*\nhelp: .*whether both sides have security\.ssl\.internal\.enabled/u,
        /WARN {2}refused 127\.0\.0\.1:\d+ at the port for TaskManagers: it speaks plain HTTP where TLS is expected/u,
      ],
    ],
  )("a TaskManager %s", async ([, exit, code, settings, env, message, line]) => {
    const where = [`jobmanager.rpc.port=${rpcPort}`, `env.log.dir=${path("refused")}`];
    const patience = ["taskmanager.registration.timeout=1 ms"];
    const args = [...[...where, ...patience].flatMap((setting) => ["-D", setting]), ...settings];
    const end = await millrace(["taskmanager", ...args], { MILLRACE_PROPERTIES: env });
    expect(end.err).toContain(`error[${code}]: `);
    expect(end.err).toMatch(message);
    expect(end.code).toBe(exit);
    if (line !== undefined) await logged(line);
  });

  it("whoever connects to a TaskManager's port for records without a certificate of the cluster", async () => {
    const [, port] = /takes records at 127\.0\.0\.1:(\d+)/u.exec(logs()) ?? [];
    expect(port).toBeDefined();
    const plain = connect(Number(port), "127.0.0.1");
    plain.on("error", () => {});
    plain.write("MILLRACE without TLS");
    await new Promise((resolve) => plain.on("close", resolve));
    await logged(/WARN {2}a data connection of 127\.0\.0\.1:\d+ was refused: it does not speak TLS/u);
    const pem = readFileSync(path("stranger.pem"));
    const ca = readFileSync(path("internal-ca.pem"));
    const stranger = connectTls({ host: "127.0.0.1", port: Number(port), ca, cert: pem, key: pem });
    stranger.on("error", () => {});
    await once(stranger, "close");
    await logged(
      /WARN {2}a data connection of 127\.0\.0\.1:\d+ was refused: its certificate is not signed by/u,
    );
  });
});
