import { expect, it } from "vitest";
import { warnOfOpenPort } from "./open-ports.ts";

const PORT = {
  name: "the REST API",
  host: "0.0.0.0",
  tls: false,
  certificates: false,
  token: false,
  risk: "run any code",
  settings: "security.ssl.rest.enabled",
};
const warned = (changes: Partial<typeof PORT>): string[] => {
  const lines: string[] = [];
  warnOfOpenPort({ ...PORT, ...changes }, (level, message) => lines.push(`${level} ${message}`));
  return lines;
};

it("warns of a port that others reach, as long as it is not protected", () => {
  const asksNothing =
    "warn the REST API listens on 0.0.0.0, and asks for neither token nor certificate: who reaches it may run any code; see security.ssl.rest.enabled";
  expect(warned({})).toEqual([asksNothing]);
  expect(warned({ tls: true })).toEqual([asksNothing]);
  expect(warned({ token: true })).toEqual([
    "warn the REST API listens on 0.0.0.0 without TLS: whoever is on the way can read what is sent, and change it; see security.ssl.rest.enabled",
  ]);
  expect(warned({ tls: true, token: true })).toEqual([]);
  expect(warned({ tls: true, certificates: true })).toEqual([]);
  for (const host of ["127.0.0.1", "127.0.0.2", "localhost", "::1"]) expect(warned({ host })).toEqual([]);
});
