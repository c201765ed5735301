import { jsonResponse } from "../../answers/json-response.js";
import { docsPage } from "../pages/docs-page.js";
import { docsResponse } from "../pages/docs-response.js";
import { htmlAnswer } from "./call.js";
export const describe = {
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
export const describeAsPage = {
    method: "GET",
    path: "/docs",
    operationId: "read",
    tag: "Service",
    summary: "This description as a page",
    description: "A page without a script.",
    answers: { 200: htmlAnswer },
    handle: ({ deployment }) => docsResponse(docsPage(deployment.openApi), "text/html"),
};
