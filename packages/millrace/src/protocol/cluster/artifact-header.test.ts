import { describe, expect, it } from "vitest";
import { artifactHeaderLine, readArtifactHeader } from "./artifact-header.ts";

const header = {
  engineVersion: "millrace 0.1.0",
  originalUrl: "file:///jobs/count.ts",
  jobName: "count \u2028 words",
};
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("an artifact's header", () => {
  it("is read as it was written, from the first line alone", () => {
    const line = artifactHeaderLine(header);
    expect(line.match(/[\n\r\u2028\u2029]/gu)).toEqual(["\n"]);
    expect(readArtifactHeader(bytes(`${line}throw new Error("never run")\n`))).toEqual(header);
  });

  it.each([
    "",
    "PK\u0003\u0004",
    "export default 1;\n",
    '// millrace-artifact {"engineVersion":"1"}\n',
    "// millrace-artifact {\n",
    '// millrace-artifact {"engineVersion":"millrace 1","originalUrl":"no url"}\n',
    artifactHeaderLine(header).trimEnd(),
  ])("refuses %j", (text) => {
    expect(() => readArtifactHeader(bytes(text))).toThrow(/expected an artifact of millrace/u);
  });
});
