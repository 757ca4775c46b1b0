import { rankViolation } from "./ranks.ts";

/** The few fields of a syntax node that the rules below read. */
interface Node {
  readonly type: string;
  readonly loc: Location;
  readonly value?: unknown;
  readonly name?: string;
  readonly source?: Node | null;
  readonly argument?: Node | null;
  readonly arguments?: readonly Node[];
  readonly callee?: Node;
  readonly property?: Node;
  readonly body?: unknown;
}

interface Comment {
  readonly value: string;
  readonly loc: Location;
}

interface Location {
  readonly start: { readonly line: number };
  readonly end: { readonly line: number };
}

interface Context {
  readonly filename: string;
  readonly sourceCode: { getAllComments(): readonly Comment[] };
  report(this: void, diagnostic: { message: string; node: Node | Comment }): void;
}

type Visitor = Readonly<Record<string, (node: Node) => void>>;

/** Folders import leftward only; see ranks.ts. Sees imports, re-exports, dynamic imports and import types. */
const importRank = {
  create(context: Context): Visitor {
    const file = context.filename.replaceAll("\\", "/");
    const check = (node: Node): void => {
      const source = node.source;
      if (typeof source?.value !== "string") return;
      const message = rankViolation(file, source.value);
      if (message !== undefined) context.report({ message, node: source });
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
      TSImportType: check,
    };
  },
};

const BUILT_IN_ERRORS: ReadonlySet<string> = new Set([
  "AggregateError",
  "Error",
  "EvalError",
  "RangeError",
  "ReferenceError",
  "SyntaxError",
  "TypeError",
  "URIError",
]);

/** Errors carry a stable code: the built-in classes are neither thrown nor used to reject a promise. */
const noBareError = {
  create(context: Context): Visitor {
    const check = (thrown: Node | null | undefined): void => {
      if (thrown?.type !== "NewExpression" && thrown?.type !== "CallExpression") return;
      const name = thrown.callee?.name;
      if (name === undefined || !BUILT_IN_ERRORS.has(name)) return;
      context.report({
        message: `A bare ${name} has no code: use MillraceError, which says what was expected, what came, where, and what to do.`,
        node: thrown,
      });
    };
    return {
      ThrowStatement: (node) => check(node.argument),
      CallExpression: (node) => {
        const called = node.callee?.name ?? node.callee?.property?.name;
        if (called === "reject") check(node.arguments?.[0]);
      },
    };
  },
};

/** `new Date()` reads the machine's clock without naming it; native rules see only `Date.now()`. */
const noAmbientDate = {
  create(context: Context): Visitor {
    return {
      NewExpression: (node) => {
        if (node.callee?.name !== "Date" || node.arguments?.length !== 0) return;
        context.report({ message: "new Date() reads the machine's clock: take the injected Clock.", node });
      },
    };
  },
};

const DISABLES = /^\s*(oxlint|eslint)-disable/;

/**
 * A rule is switched off for a reason that stands beside it, `oxlint-disable-next-line rule -- reason`, or in a comment
 * on the line above.
 */
const explainDisable = {
  create(context: Context): Visitor {
    return {
      Program: () => {
        const comments = context.sourceCode.getAllComments();
        for (const [index, comment] of comments.entries()) {
          if (!DISABLES.test(comment.value) || /\s--\s+\S/.test(comment.value)) continue;
          const above = comments[index - 1];
          const adjacent = above !== undefined && above.loc.end.line === comment.loc.start.line - 1;
          if (adjacent && !DISABLES.test(above.value)) continue;
          context.report({ message: 'Say why the rule does not hold here: "... -- reason".', node: comment });
        }
      },
    };
  },
};

/**
 * `any` stands only where a comment says why: one that speaks of it, above or inside the top-level declaration that
 * holds it.
 */
const explainAny = {
  create(context: Context): Visitor {
    let body: readonly Node[] = [];
    return {
      Program: (node) => {
        body = Array.isArray(node.body) ? (node.body as readonly Node[]) : [];
      },
      TSAnyKeyword: (node) => {
        const line = node.loc.start.line;
        const index = body.findIndex(({ loc }) => loc.end.line >= line);
        const first = (body[index - 1]?.loc.end.line ?? 0) + 1;
        const last = body[index]?.loc.end.line ?? line;
        const explained = context.sourceCode
          .getAllComments()
          .some(({ value, loc }) => /\bany\b/.test(value) && loc.start.line >= first && loc.end.line <= last);
        if (explained) return;
        context.report({
          message: "Use unknown, or say in a comment beside it why it must be `any`.",
          node,
        });
      },
    };
  },
};

/** The project's own rules, loaded by oxlint.config.ts under the name `millrace`. */
export default {
  meta: { name: "millrace" },
  rules: {
    "explain-any": explainAny,
    "explain-disable": explainDisable,
    "import-rank": importRank,
    "no-ambient-date": noAmbientDate,
    "no-bare-error": noBareError,
  },
};
