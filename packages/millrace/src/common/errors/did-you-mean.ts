/**
 * The known name that a mistyped one most likely meant: at most a third of its characters differ. Case and dashes don't count
 * as much as letters.
 *
 * @example `closest("inptu", ["input", "output"])` is "input"
 */
export function closest(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(plain(name), plain(candidate));
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** The end of a message about an unknown name: what was perhaps meant, else what is known. */
export function didYouMean(
  name: string,
  known: readonly string[],
  shown = (text: string): string => text,
): string {
  const guess = closest(name, known);
  if (guess !== undefined) return `did you mean ${shown(guess)}?`;
  return known.length === 0 ? "there are none" : `known are ${known.map(shown).join(", ")}`;
}

const plain = (text: string): string => text.toLowerCase().replaceAll(/[-_]/gu, "");

/** Insertions, deletions, replacements and swaps of neighbours that lead from one text to the other. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, rows[i - 2]![j - 2]! + 1);
      row.push(least);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
