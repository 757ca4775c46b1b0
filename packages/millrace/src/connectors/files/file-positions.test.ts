import { appendFileSync, renameSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { MillraceError } from "../../common/errors/millrace-error.ts";
import { carried } from "../testing/carried.ts";
import { SourceRun } from "../testing/source-run.ts";
import { SourceSimulation } from "../testing/source-simulation.ts";
import { sourceSteps, takeSteps } from "../testing/source-steps.ts";
import { tempFolder } from "../../common/testing/temp-folder.ts";
import { fileSource, type FileSource } from "./file-source.ts";

const dir = tempFolder();
afterAll(() => dir[Symbol.dispose]());

const sorted = (records: readonly unknown[]): readonly string[] =>
  records.map((record) => JSON.stringify(record)).sort();

/** Text of short lines, with quotes, empty lines and both kinds of line ends. */
const text = fc
  .array(fc.constantFrom("a", "bb", "", `"q\nx"`, "é€😀", "long ".repeat(9), "\r"), { maxLength: 14 })
  .chain((lines) => fc.constantFrom("\n", "\r\n").map((end) => lines.join(end)));

/** Positions of a format, plain and gzipped, in files of random text. */
function goodWherever<T>(name: string, create: (path: string, splitSize: number) => FileSource<T>): void {
  for (const packed of [false, true]) {
    it(`are good wherever they were taken: ${name}${packed ? ", gzipped" : ""}`, async () => {
      await fc.assert(
        fc.asyncProperty(
          text,
          fc.integer({ min: 1, max: 30 }),
          sourceSteps(true),
          async (content, size, steps) => {
            const file = `positions.txt${packed ? ".gz" : ""}`;
            const path = dir.write(file, packed ? gzipSync(content) : content);
            const undisturbed = await new SourceRun(create(path, size)).run();
            undisturbed.close();
            const source = new SourceSimulation(() => create(path, size), 2);
            try {
              await takeSteps(source, steps);
              await source.finish();
              expect(sorted(source.records)).toEqual(
                sorted([...undisturbed.records, ...undisturbed.malformed]),
              );
            } finally {
              source.close();
            }
          },
        ),
        { numRuns: 25 },
      );
    });
  }
}

describe("positions in files", () => {
  goodWherever("lines", (path, splitSize) => fileSource({ path, splitSize, format: "lines" }));
  goodWherever("quoted CSV", (path, splitSize) =>
    fileSource({ path, splitSize, format: "csv", csv: { columns: ["text"] } }),
  );
  goodWherever("CSV in ranges", (path, splitSize) => {
    const csv = { columns: ["text"], quote: null, multiline: false };
    return fileSource({ path, splitSize, format: "csv", csv });
  });

  it("don't lose watched files, which come at any time", async () => {
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(sourceSteps(true), { minLength: 1, maxLength: 5 }), async (rounds) => {
        const folder = `watched-${runs++}`;
        dir.write(`${folder}/_keep`, "");
        const create = (): FileSource<string> =>
          fileSource({
            path: `${dir.path}/${folder}`,
            format: "lines",
            splitSize: 8,
            watch: { interval: 1 },
          });
        const source = new SourceSimulation(create, 2);
        const expected: string[] = [];
        try {
          for (const [round, steps] of rounds.entries()) {
            const lines = Array.from({ length: 5 }, (_, i) => `${round} line ${i}`);
            // Moved in whole, as the source asks for.
            const hidden = dir.write(`${folder}/_${round}`, lines.join("\n"));
            renameSync(hidden, `${dir.path}/${folder}/${round}.txt`);
            expected.push(...lines);
            await takeSteps(source, steps);
          }
          await source.finish(expected.length);
          source.restore(3);
          await source.finish(expected.length);
          for (let i = 0; i < 10; i++) await source.wait();
          expect(sorted(source.records)).toEqual(sorted(expected));
        } finally {
          source.close();
        }
      }),
      { numRuns: 20 },
    );
  });
});

const lines = Array.from({ length: 2000 }, (_, i) => `line ${i}`);

/** What comes of a file, and its restored position, when it changes after 100 records. */
async function afterChange(
  name: string,
  change: (path: string) => void,
): Promise<readonly unknown[] | MillraceError> {
  const content = lines.join("\n");
  const path = dir.write(name, name.endsWith(".gz") ? gzipSync(content) : content);
  const create = (): FileSource<string> => fileSource({ path, format: "lines", splitSize: 7000 });
  const first = new SourceRun(create(), { limit: 1 });
  await first.run(100);
  const snapshot = carried(first.snapshot());
  first.close();
  change(path);
  const second = new SourceRun(create(), { restore: snapshot });
  try {
    return [...first.records, ...(await second.run()).records];
  } catch (error) {
    return error as MillraceError;
  } finally {
    second.close();
  }
}

describe("a file that changed since the checkpoint", () => {
  for (const name of ["changed.txt", "changed.txt.gz"]) {
    const write = (path: string, content: string): void =>
      writeFileSync(path, name.endsWith(".gz") ? gzipSync(content) : content);

    it(`is refused by name when it is shorter: ${name}`, async () => {
      const error = await afterChange(name, (path) => write(path, lines.slice(0, 50).join("\n")));
      expect(error).toMatchObject({
        code: "SOURCE_FAILED",
        message: expect.stringMatching(
          new RegExp(`${name} was changed: it had \\d+ bytes when it was found`, "u"),
        ) as string,
      });
    });

    it(`is refused by name when it is another one: ${name}`, async () => {
      const error = await afterChange(name, (path) =>
        write(path, Array.from({ length: 3000 }, (_, i) => `entry ${i}`).join("\n")),
      );
      expect(error).toMatchObject({
        code: "SOURCE_FAILED",
        message: expect.stringContaining(`${name} was changed: its content`) as string,
      });
    });
  }

  it("is refused when it was mended in the middle, which moves what comes behind", async () => {
    const error = await afterChange("mended.txt", (path) =>
      writeFileSync(path, lines.with(1000, "line one thousand").join("\n")),
    );
    expect(error).toMatchObject({ code: "SOURCE_FAILED" });
  });

  it("is read on when something was appended, which is not read, and when it was only touched", async () => {
    expect(await afterChange("appended.txt", (path) => appendFileSync(path, "\nmore\nand more"))).toEqual(
      lines,
    );
    expect(await afterChange("packed.txt.gz", (path) => appendFileSync(path, gzipSync("more")))).toEqual(
      lines,
    );
    expect(await afterChange("touched.txt", (path) => writeFileSync(path, lines.join("\n")))).toEqual(lines);
  });
});
