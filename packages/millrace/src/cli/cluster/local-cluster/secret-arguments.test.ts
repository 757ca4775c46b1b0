import { expect, it } from "vitest";
import { loadClusterConfiguration } from "../../../cluster/configuration/load-cluster-configuration.ts";
import { hideSecrets } from "./secret-arguments.ts";

it("leaves a command line without secrets as it is", () => {
  const env = { HOME: "/home/me" };
  expect(hideSecrets(["rest.port=0", "security.rest.token-file=/token"], env)).toEqual({
    shown: ["rest.port=0", "security.rest.token-file=/token"],
    env,
  });
});

it("tells secrets by the environment, beside what that says already", async () => {
  const MILLRACE_PROPERTIES = "rest:\n  port: 7\nsecurity.internal.token: old\njobmanager.rpc.port: 007";
  const told = hideSecrets(
    ["rest.port=0", "security.internal.token=a=b: 'c'", "security.ssl.rest.key-password=007"],
    { HOME: "/home/me", MILLRACE_PROPERTIES },
  );
  expect(told.shown).toEqual(["rest.port=0"]);
  expect(told.env["HOME"]).toBe("/home/me");
  const { settings } = await loadClusterConfiguration({ dynamic: told.shown, env: told.env });
  expect(settings).toEqual({
    "rest.port": 0,
    "jobmanager.rpc.port": 7,
    "security.internal.token": "a=b: 'c'",
    "security.ssl.rest.key-password": "007",
  });
});
