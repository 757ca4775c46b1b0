import type { AddressInfo } from "node:net";
import type { Server as TlsServer } from "node:tls";
import fastify, { type FastifyReply, type FastifyRequest } from "fastify";
import { PeerLog } from "../../../logging/peer-log.ts";
import { logRefusedHandshakes } from "../../../transport/log-refused-handshakes.ts";
import { warnOfOpenPort } from "../../../transport/open-ports.ts";
import type { DispatcherGateway } from "../../dispatcher/dispatcher-gateway.ts";
import type { RestServer } from "../create-rest-server.ts";
import type { RestSettings } from "../rest-settings.ts";
import { ALL_ROUTES } from "../routes/all-routes.ts";
import { limitBodies } from "./body-deadline.ts";
import { clientErrorHandler } from "./client-errors.ts";
import { errorHandler, Refusal } from "./error-answers.ts";
import { answerPreflight, guardRequests } from "./guard-requests.ts";
import { jobViews } from "./job-views.ts";
import { KnownPaths } from "./known-paths.ts";
import { describeRoutes } from "./openapi.ts";
import type { RestApp } from "./rest-app.ts";
import { serializerCompiler, validatorCompiler } from "./schema-compilers.ts";
import { serveStatic } from "./serve-static.ts";

/** Bodies that are no uploads. */
const MAX_BODY = 1024 * 1024;
/** How long requests that are underway have when the server closes, ms. */
const CLOSE_GRACE = 2000;

/** Builds the server, without listening: for the document that it serves. */
export async function buildRestApp(
  gateway: DispatcherGateway,
  settings: RestSettings,
): Promise<{ readonly app: RestApp; readonly paths: KnownPaths }> {
  const { log, clock, requestTimeout, uploadTimeout, webTimeout } = settings;
  const http = {
    headersTimeout: requestTimeout,
    // Slow requests are found within a quarter of their time.
    connectionsCheckingInterval: Math.min(5000, Math.ceil(requestTimeout / 4)),
  };
  const peers = new PeerLog(log, clock);
  const app = fastify({
    ...(settings.tls === undefined ? { http } : { https: { ...http, ...settings.tls } }),
    logger: false,
    rewriteUrl: (request) => bareUrl(request.url ?? "/"),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 512 },
    bodyLimit: Math.min(MAX_BODY, settings.maxContentLength),
    requestTimeout: Math.max(uploadTimeout, requestTimeout),
    // A client that reads nothing, or has gone without a word.
    connectionTimeout: webTimeout + requestTimeout,
    keepAliveTimeout: 10_000,
    forceCloseConnections: "idle",
    return503OnClosing: true,
    clientErrorHandler: clientErrorHandler(peers),
    // The defaults load another schema library.
    schemaController: {
      compilersFactory: {
        buildValidator: () => validatorCompiler as never,
        buildSerializer: () => serializerCompiler as never,
      },
    },
    frameworkErrors: (error, request, reply) =>
      handleError(error, request as FastifyRequest, reply as unknown as FastifyReply),
  }) as unknown as RestApp;
  const handleError = errorHandler(peers);
  if (settings.tls !== undefined)
    logRefusedHandshakes(app.server as unknown as TlsServer, "the REST API", peers);
  app.server.maxConnections = settings.maxConnections;
  app.setErrorHandler(handleError);

  const paths = new KnownPaths();
  app.addHook("onRoute", ({ method, url }) => {
    for (const each of [method].flat()) if (each !== "HEAD" && each !== "OPTIONS") paths.add(each, url);
  });
  app.setNotFoundHandler(async (request, reply) => {
    if (answerPreflight(request, reply, settings)) return reply;
    if (serveStatic(request, reply, settings.ui)) return reply;
    throw refusalOf(request, paths);
  });

  guardRequests(app, settings, peers);
  limitBodies(app, clock, requestTimeout);
  app.addHook("onSend", async (_request, reply) => {
    void reply.headers({
      "x-content-type-options": "nosniff",
      "cache-control": reply.getHeader("cache-control") ?? "no-store",
    });
  });

  await describeRoutes(app, gateway.engineVersion);
  app.addHook("onClose", async () => peers.close());
  const context = { gateway, settings, peers, views: jobViews(gateway) };
  for (const routes of ALL_ROUTES) routes(app, context);
  await app.ready();
  return { app, paths };
}

/** Starts it. @see createRestServer */
export async function startRestServer(
  gateway: DispatcherGateway,
  settings: RestSettings,
): Promise<RestServer> {
  const { app } = await buildRestApp(gateway, settings);
  const { host, tls, clock } = settings;
  await app.listen({ host, port: settings.port });
  const port = {
    name: "the REST API",
    host,
    tls: tls !== undefined,
    certificates: tls?.requestCert === true,
    token: settings.token !== undefined,
    risk: "run any code",
    settings: "security.ssl.rest.enabled and security.rest.token-file",
  };
  warnOfOpenPort(port, settings.log);
  const address = app.server.address() as AddressInfo;
  const shown = host.includes(":") ? `[${host}]` : host;
  let closing: Promise<void> | undefined;
  return {
    port: address.port,
    url: `${tls === undefined ? "http" : "https"}://${shown}:${address.port}`,
    close: () => {
      closing ??= closeWithin(
        app,
        clock.schedule(CLOSE_GRACE, () => app.server.closeAllConnections()),
      );
      return closing;
    },
  };
}

async function closeWithin(app: RestApp, timer: { cancel(): void }): Promise<void> {
  try {
    await app.close();
  } finally {
    timer.cancel();
  }
}

/** Every path is served below `/v1`, too. */
const bareUrl = (url: string): string => {
  if (!/^\/v1(?=[/?]|$)/u.test(url)) return url;
  const rest = url.slice("/v1".length);
  return rest.startsWith("/") ? rest : `/${rest}`;
};

function refusalOf(request: FastifyRequest, paths: KnownPaths): Refusal {
  const path = request.url.replace(/\?.*$/su, "");
  const methods = paths.methodsOf(path);
  if (methods.length === 0) {
    return new Refusal(404, "NOT_FOUND", `there is nothing at this path; /openapi.json tells what there is`);
  }
  return new Refusal(
    405,
    "INVALID_ARGUMENT",
    `this path takes ${methods.join(", ")}, not ${request.method}`,
    {
      allow: methods.join(", "),
    },
  );
}
