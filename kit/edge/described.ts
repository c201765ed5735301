/** What the OpenAPI document of the Worker allows; both ways to call it in tests check their answers. */
import { openApiDocument } from "../../src/worker/pages/openapi.ts";
import { DescribedAnswers } from "../http/described-answers.ts";

export const described = new DescribedAnswers(openApiDocument);
