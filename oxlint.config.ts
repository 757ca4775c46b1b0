import { defineConfig } from "oxlint";

/** The clock, timers and randomness are injected (`Clock`, `Random`), so that a run can be simulated and repeated. */
const AMBIENT_GLOBALS = ["setTimeout", "setInterval", "clearTimeout", "clearInterval"].map((name) => ({
  name,
  message: "Timers come from the injected Clock.",
}));

const AMBIENT_TIME = [
  { object: "Date", property: "now", message: "Time comes from the injected Clock." },
  { object: "performance", property: "now", message: "Time comes from the injected Clock." },
  { object: "process", property: "hrtime", message: "Time comes from the injected Clock." },
];

const AMBIENT_RANDOMNESS = [
  { object: "Math", property: "random", message: "Randomness comes from the injected Random." },
  { object: "crypto", property: "randomUUID", message: "Randomness comes from the injected Random." },
  { object: "crypto", property: "getRandomValues", message: "Randomness comes from the injected Random." },
];

const AMBIENT_MODULES = ["timers", "timers/promises", "perf_hooks"];
const EFFECT_MODULES = [
  "fs",
  "fs/promises",
  "net",
  "tls",
  "http",
  "https",
  "http2",
  "dgram",
  "child_process",
];

function restrictedModules(names: readonly string[]): { name: string; message: string }[] {
  return names.flatMap((name) =>
    [name, `node:${name}`].map((specifier) => ({
      name: specifier,
      message:
        "Files, sockets, processes and timers are reached through the seams only (see CONTRIBUTING.md).",
    })),
  );
}

const ENGINE = ["packages/*/src/**/*.ts"];
const TESTS = ["**/*.test.ts", "**/*.test-d.ts", "**/*.bench.ts"];

export default defineConfig({
  plugins: ["eslint", "typescript", "unicorn", "oxc", "import", "promise", "node", "vitest"],
  jsPlugins: ["./scripts/lint/plugin.ts"],
  options: { typeAware: true, reportUnusedDisableDirectives: "warn" },
  categories: { correctness: "error", suspicious: "error" },
  ignorePatterns: ["**/dist/**", "**/fixtures/**", "**/temp/**", "coverage/**"],
  rules: {
    "millrace/explain-disable": "error",

    "import/no-cycle": ["error", { ignoreTypes: false }],
    "import/no-self-import": "error",
    "import/no-default-export": "off",
    "import/no-unassigned-import": "off",
    "import/no-named-as-default-member": "off",
    "promise/always-return": "off",

    "typescript/no-floating-promises": "error",
    "typescript/no-misused-promises": "error",
    "typescript/await-thenable": "error",
    "typescript/only-throw-error": "error",
    "typescript/switch-exhaustiveness-check": [
      "error",
      // A default that ends in `never` is checked by the compiler; a missing default by this rule.
      { requireDefaultForNonUnion: false, considerDefaultExhaustiveForUnions: true },
    ],
    "typescript/no-non-null-assertion": "off",
    "typescript/consistent-type-imports": "error",
    "typescript/no-unsafe-type-assertion": "off",
    "typescript/no-misused-spread": "off",
    "typescript/no-unnecessary-type-arguments": "off",
    "typescript/no-unnecessary-type-parameters": "off",
    // The compiler's noImplicitReturns knows which switches are exhaustive.
    "typescript/consistent-return": "off",

    // The second argument is the message of a failure.
    "vitest/valid-expect": ["error", { maxArgs: 2 }],
    "vitest/expect-expect": [
      "error",
      { assertFunctionNames: ["expect", "expectTypeOf", "assert", "fc.assert", "expect*", "assert*"] },
    ],

    eqeqeq: ["error", "always", { null: "ignore" }],
    "no-var": "error",
    "prefer-const": "error",
    "no-control-regex": "off",
    "no-shadow": "off",
    "no-underscore-dangle": "off",
    "unicorn/require-module-specifiers": "off",
    "unicorn/no-array-sort": "off",
    "unicorn/no-array-reverse": "off",
    "unicorn/consistent-function-scoping": "off",
    // A rule for windows of browsers; ports of worker threads have no origin.
    "unicorn/require-post-message-target-origin": "off",
  },
  overrides: [
    {
      files: ENGINE,
      rules: {
        "millrace/explain-any": "error",
        "millrace/import-rank": "error",
        "millrace/no-ambient-date": "error",
        "millrace/no-bare-error": "error",
        "max-lines": ["error", { max: 600 }],
        "no-console": "error",
        "no-restricted-globals": ["error", ...AMBIENT_GLOBALS],
        "no-restricted-properties": ["error", ...AMBIENT_TIME, ...AMBIENT_RANDOMNESS],
        "no-restricted-imports": [
          "error",
          { paths: restrictedModules([...AMBIENT_MODULES, ...EFFECT_MODULES]) },
        ],
      },
    },
    {
      // Frames travel and files are read here; time and randomness stay injected.
      files: [
        "packages/millrace/src/runtime/network/**",
        "packages/millrace/src/connectors/**",
        "packages/millrace/src/client/**",
        "packages/connector-*/src/**",
        "packages/state-*/src/local/**",
        "packages/state-*/src/testing/**",
      ],
      rules: { "no-restricted-imports": ["error", { paths: restrictedModules(AMBIENT_MODULES) }] },
    },
    {
      // Checkpoints are stored by the machine's file system here; tests look at it.
      files: [
        "packages/millrace/src/runtime/checkpoint/storage/node-file-system.ts",
        "packages/millrace/src/runtime/checkpoint/**/testing/**",
        "packages/millrace/src/common/testing/**",
      ],
      rules: { "no-restricted-imports": ["error", { paths: restrictedModules(AMBIENT_MODULES) }] },
    },
    {
      // The seams themselves, and the edges of the program.
      files: [
        "packages/millrace/src/common/clock/**",
        "packages/millrace/src/cluster/**",
        "packages/millrace/src/cli/**",
        "packages/millrace/src/testing/**",
      ],
      rules: {
        "millrace/no-ambient-date": "off",
        "no-restricted-globals": "off",
        "no-restricted-properties": "off",
        "no-restricted-imports": "off",
      },
    },
    { files: ["packages/millrace/src/cli/**"], rules: { "no-console": "off" } },
    {
      files: TESTS,
      rules: {
        "millrace/explain-any": "off",
        "millrace/no-ambient-date": "off",
        "millrace/no-bare-error": "off",
        "no-console": "off",
        "no-restricted-globals": "off",
        // Tests may wait for the machine, but what they try must be the same each time.
        "no-restricted-properties": ["error", ...AMBIENT_RANDOMNESS],
        "no-restricted-imports": "off",
      },
    },
  ],
});
