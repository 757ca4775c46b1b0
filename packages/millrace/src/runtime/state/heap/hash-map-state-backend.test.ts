import { describeStateBackend } from "../testing/state-backend-suite.ts";
import { HashMapStateBackend } from "./hash-map-state-backend.ts";

describeStateBackend("HashMapStateBackend", () => new HashMapStateBackend({ lookEvery: 1 }));
