import { describe, expect, it } from "vitest";
import { published } from "../../scripts/build/stage.ts";

describe("published", () => {
  it("takes the private condition out at any depth and keeps the order of the others", () => {
    const manifest = published({
      name: "millrace",
      version: "1.2.3",
      files: ["dist"],
      license: "Apache-2.0",
      exports: {
        ".": {
          "millrace-source": "./src/index.ts",
          node: { "millrace-source": "./src/node.ts", default: "./dist/node.js" },
          types: "./dist/index.d.ts",
          default: "./dist/index.js",
        },
        "./package.json": "./package.json",
      },
    });
    expect(JSON.stringify(manifest)).toBe(
      '{"name":"millrace","version":"1.2.3","files":["dist"],"license":"Apache-2.0","exports":{' +
        '".":{"node":{"default":"./dist/node.js"},"types":"./dist/index.d.ts","default":"./dist/index.js"},' +
        '"./package.json":"./package.json"}}',
    );
  });
});
