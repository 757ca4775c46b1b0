import multipart from "@fastify/multipart";
import type { FastifyRequest } from "fastify";
import { JarUpload } from "../../../../protocol/rest/jars.ts";
import { UPLOAD } from "../server/body-deadline.ts";
import { errorAnswer } from "../server/error-answers.ts";
import type { Routes } from "../server/rest-app.ts";
import { requireEnabled } from "../server/switches.ts";
import { receiveUpload } from "../server/receive-upload.ts";
import { NoQuery } from "./parameters.ts";

/** Uploads of artifacts. Their bodies are read by the route itself, as they come. */
export const uploadRoutes: Routes = (app, { gateway, settings, peers }) => {
  const takeUpload = async (request: FastifyRequest): Promise<JarUpload> => {
    const upload = await receiveUpload(request, settings);
    try {
      const { id } = await gateway.addArtifact(upload);
      settings.log("info", `${request.ip} uploaded ${id}`);
      return { filename: `/jars/${id}`, status: "success" as const };
    } catch (error) {
      if (errorAnswer(error).status < 500)
        peers.about(request.ip, "upload")("warn", `refused an upload of ${request.ip}`, error);
      throw error;
    } finally {
      await upload.discard();
    }
  };

  void app.register(async (scope) => {
    await scope.register(multipart, { throwFileSizeLimit: false });
    scope.post(
      "/jars/upload",
      {
        config: UPLOAD,
        schema: {
          tags: ["artifacts"],
          summary: "Uploads an artifact",
          description:
            "multipart/form-data with one file, the part `jarfile`: a module that a client of this version has bundled. The artifact's id is what follows the last slash of `filename`.",
          consumes: ["multipart/form-data"],
          querystring: NoQuery,
          response: { 200: JarUpload },
        },
        // Before a byte of the body is read.
        preParsing: async () => requireEnabled(settings, "submit"),
      },
      (request) => takeUpload(request),
    );
  });
};
