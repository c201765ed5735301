/** `GET /openapi.json` and `GET /docs`: the description of the HTTP interface, for programs and for people. */
import type { Call } from "./call.ts";

import { jsonResponse } from "../../answers/json-response.ts";
import { docsPage } from "../pages/docs-page.ts";
import { docsResponse } from "../pages/docs-response.ts";
import { htmlAnswer } from "./call.ts";

export const describe: Call = {
  method: "GET",
  path: "/openapi.json",
  operationId: "describe",
  tag: "Service",
  summary: "This description",
  description: "OpenAPI 3.1, as JSON.",
  answers: {
    200: {
      description: "The description.",
      content: { "application/json": { schema: { type: "object" } } },
    },
  },
  handle: ({ deployment }) => jsonResponse(deployment.openApi),
};

export const describeAsPage: Call = {
  method: "GET",
  path: "/docs",
  operationId: "read",
  tag: "Service",
  summary: "This description as a page",
  description: "A page without a script.",
  answers: { 200: htmlAnswer },
  handle: ({ deployment }) => docsResponse(docsPage(deployment.openApi), "text/html"),
};
