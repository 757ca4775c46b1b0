/** An operator's kind as part of a sentence. @example `kindText("keyedProcess")` is "a keyedProcess operator" */
export function kindText(kind: string): string {
  return kind === "source" || kind === "sink" ? `a ${kind}` : `${withArticle(kind)} operator`;
}

/** A word with its article. @example `withArticle("aggregating")` is "an aggregating" */
export const withArticle = (word: string): string => `${/^[aeio]/u.test(word) ? "an" : "a"} ${word}`;
