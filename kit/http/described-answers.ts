/**
 * Validates responses of the HTTP API against its OpenAPI description: status, media type, headers and
 * every member of the body. The description allows clients to expect additional members in the future; here
 * they are errors, so that anything undocumented is found.
 */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

import type { OpenApiDocument } from "../../src/worker/pages/openapi-types.ts";

interface Described {
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}

/** Reasons of answers to requests outside the description: unknown routes and methods. */
const STRAY_REASONS = new Set<unknown>(["not-found", "method-not-allowed"]);
/** Reasons for which a request is refused before its route is looked up. */
const REASONS_OF_ANY_ROUTE = new Set<unknown>(["illegal-configuration", "host-not-allowed"]);

/** The responses that a description allows. */
export class DescribedAnswers {
  readonly #document: OpenApiDocument;
  readonly #ajv: Ajv2020;
  readonly #validators = new Map<string, ValidateFunction>();

  constructor(document: OpenApiDocument) {
    this.#document = document;
    this.#ajv = new Ajv2020({ allErrors: true, strict: true });
    // Its types and its module disagree on where the function is.
    const add = addFormats as unknown as typeof addFormats.default;
    add(this.#ajv, ["uri-reference", "int64"]);
  }

  /**
   * Checks the response to a call. Reads a copy of the body.
   *
   * @throws {Error} If the description doesn't allow it, naming the call and what is wrong.
   */
  async check(method: string, url: string, response: Response): Promise<void> {
    const call = `${method} ${new URL(url).pathname}: ${response.status}`;
    const fail = (why: string): never => {
      throw new Error(`${call} is not as described: ${why}`);
    };
    const [mediaType = ""] = (response.headers.get("Content-Type") ?? "").split(";");
    const isStream = mediaType === "text/event-stream";
    // An upgrade has no body to copy.
    const isUpgrade = response.status === 101;
    const hasText = method !== "HEAD" && !isStream && !isUpgrade;
    const text = hasText ? await response.clone().text() : "";
    const path = this.#pathOf(new URL(url).pathname);
    const answers = path && this.#answersOf(path, method);
    const reason = reasonIn(mediaType, text);
    if (STRAY_REASONS.has(reason) || (method === "HEAD" && response.status === 405)) return;
    if (!answers) {
      const hasReason = method !== "OPTIONS" && method !== "HEAD" && mediaType.endsWith("json");
      if (!hasReason || REASONS_OF_ANY_ROUTE.has(reason)) return;
      return fail("the call is not described");
    }
    const answer = answers[response.status] ?? fail("the status is not described");
    if (isStream) {
      // It hasn't ended, and the schema doesn't describe its events.
      if (!answer.content?.[mediaType]) fail("the stream is not described");
      return;
    }
    if (isUpgrade) return;
    const { "Retry-After": retryAfter, ...always } = answer.headers ?? {};
    for (const name of Object.keys(always)) {
      if (!response.headers.has(name)) fail(`the header ${name} is missing`);
    }
    const mayRetry = text.includes('"retryAfterMs":');
    if (response.headers.has("Retry-After") !== (mayRetry && retryAfter !== undefined)) {
      fail("only one of retryAfterMs and Retry-After is there");
    }
    if (!answer.content) {
      if (text !== "") fail("it has a body");
      return;
    }
    const described =
      answer.content[mediaType] ?? fail(`the media type ${mediaType || "(none)"} is not described`);
    if (method === "HEAD" || !mediaType.endsWith("json")) return;
    const validate = this.#validator(`${path} ${method} ${response.status}`, described.schema);
    if (!validate(JSON.parse(text))) fail(`${this.#ajv.errorsText(validate.errors)} in ${text}`);
  }

  /**
   * Checks a frame from Sluice, of the live feed or a session.
   *
   * @throws {Error} If the description doesn't allow it.
   */
  checkFrame(kind: "watch" | "session", text: string): void {
    const path = `/buckets/{name}/${kind}`;
    const schema = this.#answersOf(path, "GET")?.["101"]?.content?.["application/json"]?.schema;
    const validate = this.#validator(`${path} frame`, schema ?? {});
    if (validate(JSON.parse(text))) return;
    throw new Error(
      `A frame is not as described: ${this.#ajv.errorsText(validate.errors)} in ${text}`,
    );
  }

  #pathOf(pathname: string): string | undefined {
    return Object.keys(this.#document.paths).find((path) => {
      const pattern = path.replaceAll(/\{[^}]+\}/g, "[^/]+");
      return new RegExp(`^${pattern}$`).test(pathname);
    });
  }

  #answersOf(path: string, method: string): Readonly<Record<string, Described>> | undefined {
    const methods = this.#document.paths[path] as Readonly<
      Record<string, { readonly responses: Readonly<Record<string, Described>> }>
    >;
    return methods[method === "HEAD" ? "get" : method.toLowerCase()]?.responses;
  }

  #validator(key: string, schema: object): ValidateFunction {
    const known = this.#validators.get(key);
    if (known) return known;
    const validate = this.#ajv.compile(closed(schema, this.#document));
    this.#validators.set(key, validate);
    return validate;
  }
}

/** The reason of a problem document. */
function reasonIn(mediaType: string, text: string): unknown {
  if (mediaType !== "application/problem+json" || text === "") return undefined;
  return JSON.parse(text).reason;
}

/** The schema with its references resolved, and every object closed to members that it doesn't name. */
function closed(schema: object, document: OpenApiDocument): object {
  return JSON.parse(JSON.stringify(schema), (_, value) => {
    if (typeof value !== "object" || value === null) return value;
    if (typeof value.$ref === "string") return closed(referredTo(value.$ref, document), document);
    const isObject = "properties" in value && value.type === "object";
    return isObject ? { ...value, additionalProperties: false } : value;
  });
}

function referredTo(reference: string, { components }: OpenApiDocument): object {
  const name = reference.slice(reference.lastIndexOf("/") + 1);
  const { [name]: schema } = components.schemas;
  if (!schema) throw new Error(`${reference} does not exist`);
  return schema;
}
