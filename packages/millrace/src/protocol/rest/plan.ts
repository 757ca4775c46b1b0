import { Type, type Static } from "typebox";
import { Integer, named } from "./schema-parts.ts";

/** A job's plan as Flink's dashboard draws it. Sources come first; descriptions are HTML. */
export const Plan = named("Plan", {
  jid: Type.String(),
  name: Type.String(),
  type: Type.String(),
  nodes: Type.Array(
    named("PlanNode", {
      id: Type.String(),
      parallelism: Integer,
      operator: Type.String(),
      operator_strategy: Type.String(),
      description: Type.String(),
      inputs: Type.Optional(
        Type.Array(
          named("PlanInput", {
            num: Integer,
            id: Type.String(),
            ship_strategy: Type.String(),
            exchange: Type.String(),
          }),
        ),
      ),
      optimizer_properties: named("OptimizerProperties", {}),
    }),
  ),
});
export type Plan = Static<typeof Plan>;

/** `GET /jobs/:id/plan`. */
export const JobPlanInfo = named("JobPlanInfo", { plan: Plan });
export type JobPlanInfo = Static<typeof JobPlanInfo>;
