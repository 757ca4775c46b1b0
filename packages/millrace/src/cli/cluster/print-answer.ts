/** Prints what a command found out: as JSON, or as lines for people. */
export function printAnswer(json: boolean, value: unknown, lines: () => readonly string[]): void {
  process.stdout.write(
    json
      ? `${JSON.stringify(value, null, 2)}\n`
      : lines()
          .map((line) => `${line}\n`)
          .join(""),
  );
}
