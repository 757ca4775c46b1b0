import { describe, expect, it } from "vitest";
import { commandsOf } from "./shell-commands.ts";
import { problemOfCommand } from "./known-commands.ts";

describe("commandsOf", () => {
  it("finds the commands of a block as a shell would", () => {
    const code = [
      "# a comment",
      "A=1 millrace run job.ts   # another",
      'millrace run job.ts --every "10 s" \\',
      "    -D a=b -- --x 'it # is'",
      "cat a.md | millrace run b.ts && npm test",
      `kill "$(millrace cluster status | awk '$1 == "x" { print $2 }')" 'http://h/<id>?a=b'`,
    ].join("\n");
    expect(commandsOf(code)).toEqual([
      { line: 1, words: ["millrace", "run", "job.ts"] },
      {
        line: 2,
        words: ["millrace", "run", "job.ts", "--every", "10 s", "-D", "a=b", "--", "--x", "it # is"],
      },
      { line: 4, words: ["cat", "a.md"] },
      { line: 4, words: ["millrace", "run", "b.ts"] },
      { line: 4, words: ["npm", "test"] },
      {
        line: 5,
        words: ["kill", `$(millrace cluster status | awk '$1 == "x" { print $2 }')`, "http://h/<id>?a=b"],
      },
      { line: 5, words: ["millrace", "cluster", "status"] },
      { line: 5, words: ["awk", '$1 == "x" { print $2 }'] },
    ]);
  });
});

describe("problemOfCommand", () => {
  it.each([
    ["millrace run job.ts --checkpoint-dirr x", "unknown option '--checkpoint-dirr'"],
    ["npx millrace savepoint inspekt x", "unknown command 'inspekt'"],
    ["millrace run job.ts -D state.backend.tpye=rocksdb", "did you mean state.backend.type?"],
    ["millrace run job.ts -D state.backend.type=rocks", "must be one of hashmap, rocksdb"],
    ["millrace run job.ts --checkpoint-interval often", "execution.checkpointing.interval"],
    ["millrace run job.ts --checkpoint-interval 10 s", "too many arguments for 'run'"],
    ["millrace run job.ts -m here:1 -D taskmanager.slots=4", "unknown option taskmanager.slots"],
    ["millrace taskmanager -D taskmanager.slots=4", "unknown option taskmanager.slots"],
    ["millrace", "it does nothing"],
    ["npm run no-such", 'package.json has no script "no-such"'],
    ["npm install @millrace/no-such", "no package @millrace/no-such"],
    ["npm install ../millrace/temp/packed/millrace-9.9.9.tgz", "npm run pack makes no millrace-9.9.9.tgz"],
    ["curl http://localhost:8081/no-such", "the REST API has no GET /no-such"],
    ["curl -X DELETE http://localhost:8081/overview", "the REST API has no DELETE /overview"],
    ["rm -rf savepoints", 'nothing is known of the program "rm"'],
  ])("%s", async (line, problem) => {
    const [command] = commandsOf(line);
    expect(await problemOfCommand(command!.words)).toContain(problem);
  });

  it("has nothing against commands that are right", async () => {
    const lines = [
      'npx millrace run job.ts -p 2 --checkpoint-interval "10 s" -D restart-strategy.type=none -- --any thing',
      "millrace list -m https://here:8081 -D security.rest.token-file=token",
      "curl -F jarfile=@a.mjs http://localhost:8081/jars/upload",
      "curl -X PATCH 'http://localhost:8081/jobs/<id>?mode=cancel'",
      "npm ci && npm test && npm run demo",
      "tail -f app.log",
    ].join("\n");
    const problems = await Promise.all(commandsOf(lines).map(({ words }) => problemOfCommand(words)));
    expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
  });
});
