import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import type { PeerLog } from "../../../logging/peer-log.ts";
import type { DispatcherGateway } from "../../dispatcher/dispatcher-gateway.ts";
import type { RestSettings } from "../rest-settings.ts";
import type { JobViews } from "./job-views.ts";

/** The server as routes see it: what they take and answer is typed by their schemas. */
export type RestApp = FastifyInstance<
  Server,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** What routes work with. */
export interface RestContext {
  readonly gateway: DispatcherGateway;
  readonly settings: RestSettings;
  /** The log for what clients do wrong. */
  readonly peers: PeerLog;
  readonly views: JobViews;
}

/** Adds the endpoints of one group. */
export type Routes = (app: RestApp, context: RestContext) => void;
