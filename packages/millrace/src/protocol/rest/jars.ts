import { Type, type Static } from "typebox";
import { HexId, Integer, named, nullable, Texts, words } from "./schema-parts.ts";
import { Plan } from "./plan.ts";

/*
 * Artifacts: Flink's jars. Ours are bundled job modules.
 */

/** `GET /jars`. */
export const JarList = named("JarList", {
  address: Type.String(),
  files: Type.Array(
    named("JarFile", {
      id: Type.String({ description: "<sha256>_<name>" }),
      name: Type.String(),
      uploaded: Integer,
      entry: Type.Array(named("JarEntry", { name: Type.String(), description: nullable(Type.String()) })),
    }),
  ),
});
export type JarList = Static<typeof JarList>;

/** `POST /jars/upload`, multipart with the part `jarfile`. The id is what follows the last slash of `filename`. */
export const JarUpload = named("JarUpload", { filename: Type.String(), status: words(["success"]) });
export type JarUpload = Static<typeof JarUpload>;

const common = {
  entryClass: Type.Optional(
    nullable(Type.String({ description: "the job's name, if anything: a module has one job" })),
  ),
  programArgsList: Type.Optional(
    nullable(
      Type.Array(Type.String(), {
        description: "the job's own arguments, as on a command line",
        maxItems: 10_000,
      }),
    ),
  ),
  args: Type.Optional(
    nullable(
      Type.Record(Type.String(), Type.Unknown(), {
        description: "the job's own arguments by name, in place of programArgsList",
      }),
    ),
  ),
  parallelism: Type.Optional(nullable(Type.Integer({ minimum: 1, maximum: 32_768 }))),
  jobId: Type.Optional(nullable(HexId)),
  flinkConfiguration: Type.Optional(nullable(Texts)),
};

/** Body of `POST /jars/:id/plan`. */
export const JarPlanRequest = named("JarPlanRequest", common);
export type JarPlanRequest = Static<typeof JarPlanRequest>;

const ClaimMode = words(["NO_CLAIM", "CLAIM"], "whether the job takes the savepoint over");

/** Body of `POST /jars/:id/run`. All fields may be missing or null. */
export const JarRunRequest = named("JarRunRequest", {
  ...common,
  savepointPath: Type.Optional(nullable(Type.String({ minLength: 1 }))),
  allowNonRestoredState: Type.Optional(nullable(Type.Boolean())),
  restoreMode: Type.Optional(nullable(ClaimMode)),
  claimMode: Type.Optional(nullable(ClaimMode)),
});
export type JarRunRequest = Static<typeof JarRunRequest>;

/** `POST /jars/:id/run`. */
export const RunResponse = named("RunResponse", { jobid: HexId });
export type RunResponse = Static<typeof RunResponse>;

/** `GET` and `POST /jars/:id/plan`. */
export const JarPlan = named("JarPlan", {
  plan: Plan,
  details: Type.Unknown({ description: "the plan as `millrace info --json` prints it" }),
});
export type JarPlan = Static<typeof JarPlan>;
