import { readFile } from "node:fs/promises";
import { dirname, extname } from "node:path";
import { pathToFileURL } from "node:url";
import type { Loader, Plugin } from "esbuild";

/** What stands for `import.meta`, `__dirname` and `__filename` in bundled files. */
const META = "__millrace_meta";
const DIRNAME = "__millrace_dirname";
const FILENAME = "__millrace_filename";

/** Every file keeps its own address; what asks whether it is the main module gets no for an answer. For esbuild's `define`. */
export const KEPT_META: Readonly<Record<string, string>> = Object.freeze({ "import.meta": META });

/** The same with what CommonJS modules know of themselves. */
export const KEPT_ADDRESSES: Readonly<Record<string, string>> = Object.freeze({
  ...KEPT_META,
  __dirname: DIRNAME,
  __filename: FILENAME,
});

/** Gives each bundled file the `import.meta` that it would have had by itself. */
export const keepMeta: Plugin = {
  name: "keep-import-meta",
  setup(build) {
    const addresses = build.initialOptions.define?.["__dirname"] === DIRNAME;
    // esbuild reads the pattern as one of Go, which knows no u flag.
    build.onLoad({ filter: /\.[cm]?[jt]sx?$/, namespace: "file" }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      const statements = [
        ...(text.includes("import.meta") ? [metaOf(path)] : []),
        ...(addresses && /__(?:dir|file)name/u.test(text) ? [addressOf(path)] : []),
      ];
      if (statements.length === 0) return undefined;
      return {
        contents: prepend(text, statements.join("")),
        loader: loaderOf(path),
        resolveDir: dirname(path),
      };
    });
  },
};

function metaOf(path: string): string {
  const meta = { url: pathToFileURL(path).href, filename: path, dirname: dirname(path), main: false };
  return `const ${META} = ${JSON.stringify(meta)};`;
}

const addressOf = (path: string): string =>
  `const ${DIRNAME} = ${JSON.stringify(dirname(path))}, ${FILENAME} = ${JSON.stringify(path)};`;

/** On the first line, so that line numbers stay; a `#!` line keeps its place. */
function prepend(text: string, statement: string): string {
  if (!text.startsWith("#!")) return `${statement}${text}`;
  const end = text.indexOf("\n");
  return end < 0 ? statement : `${text.slice(0, end + 1)}${statement}${text.slice(end + 1)}`;
}

function loaderOf(path: string): Loader {
  const extension = extname(path).slice(1).replace(/^[cm]/u, "");
  return extension === "tsx" || extension === "jsx" || extension === "ts" ? extension : "js";
}
