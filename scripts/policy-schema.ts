/**
 * The JSON schema of a wrangler configuration with the policies of Sluice in it, for editors: they complete the
 * fields of a policy, show what each is, and mark what is illegal. It is made of the tables that the Worker checks
 * a policy against, and leaves everything else in the file to wrangler's own schema.
 *
 *   node scripts/policy-schema.ts        writes docs/policies.schema.json
 *
 * What takes arithmetic or a list of time zones it can't say: that `burst` is below the limit, for one. `sluice
 * policy check` does. It never refuses what Sluice takes.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import type { Field, FieldTable, FieldWords } from "../src/core/fields.ts";

import { BUCKET_NAME_RULE } from "../src/core/bucket-name.ts";
import { DURATION, DURATION_UNITS } from "../src/core/duration.ts";
import { durationNames, MS } from "../src/core/fields.ts";
import { calendarFields, calendarWords } from "../src/core/limits/calendar-fields.ts";
import { FIRST_LIMIT, LIMIT_NAME } from "../src/core/limits/limit-name.ts";
import { shorthandNames } from "../src/core/limits/kinds.ts";
import { tokenBucketFields, tokenBucketWords } from "../src/core/limits/token-bucket-fields.ts";
import {
  concurrencyFields,
  concurrencyWords,
  holdFields,
  holdWords,
  leaseFields,
  leaseWords,
} from "../src/core/policy-tables.ts";
import {
  keepingFields,
  keepingWords,
  MAX_FURTHER_LIMITS,
  queueFields,
  queueWords,
} from "../src/core/policy.ts";
import { WINDOW_LIMIT, windowLimitWords } from "../src/core/window-limit.ts";

/** A schema of draft 7, which is wrangler's, and which all editors know. */
interface Schema {
  readonly [keyword: string]: unknown;
}

type Properties = Readonly<Record<string, Schema | false>>;

/** In the repository. */
export const SCHEMA_FILE = "docs/policies.schema.json";

/** What must be left out. */
const never = false;

/**
 * Where the schema of wrangler is. By an address: Taplo, which checks TOML in most editors, follows no path beside
 * the file that it is in.
 */
const WRANGLER_SCHEMA = "https://unpkg.com/wrangler@4/config-schema.json";

/** The schema. */
export function policySchema(): Schema {
  const worker = { properties: { vars: { properties: { POLICIES: ref("policies") } } } };
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "wrangler configuration with the policies of Sluice",
    allOf: [{ $ref: WRANGLER_SCHEMA }, ref("worker"), ref("environments")],
    definitions: {
      worker,
      environments: { properties: { env: { additionalProperties: ref("worker") } } },
      policies: {
        type: ["object", "string"],
        description:
          'Policies by the pattern of the buckets that they are for: a name, a prefix that ends in "*", or "*" alone. The exact name wins, then the longest prefix',
        propertyNames: {
          pattern: "^(\\*|[A-Za-z0-9._:@/-]{1,128}\\*?)$",
          description: `"*", or a bucket's name or prefix: ${BUCKET_NAME_RULE}`,
        },
        additionalProperties: ref("policy"),
      },
      policy: policy(),
      limit: limit({}),
      lease: nested(
        leaseFields,
        leaseWords,
        "Isolates of the Worker grant without asking the bucket",
      ),
      hold: nested(
        holdFields,
        holdWords,
        "Callers may reserve tokens and settle later what they used",
      ),
      concurrency: nested(
        concurrencyFields,
        concurrencyWords,
        "How many grants may be out at once",
      ),
    },
  };
}

function policy(): Schema {
  const [queue, keeping] = [written(queueFields, queueWords), written(keepingFields, keepingWords)];
  const further = {
    lease: orNull("lease"),
    hold: orNull("hold"),
    concurrency: orNull("concurrency"),
    limits: {
      type: ["object", "null"],
      description: "Further limits by name: a request takes from all of them, or from none",
      propertyNames: { pattern: LIMIT_NAME.source, not: { const: FIRST_LIMIT } },
      maxProperties: MAX_FURTHER_LIMITS,
      additionalProperties: ref("limit"),
    },
  };
  const base = limit({ ...queue.properties, ...keeping.properties, ...further });
  const isLeased = { required: ["lease"], properties: { lease: { type: "object" } } };
  // An isolate grants from its lease without asking anybody what else there is.
  const alone = {
    properties: { every: never, concurrency: { type: "null" }, limits: { maxProperties: 0 } },
  };
  const rules = [...queue.rules, ...keeping.rules, implies(isLeased, alone)];
  return { ...base, allOf: [...(base["allOf"] as Schema[]), ...rules] };
}

/** A limit of any kind, with further properties beside those of a limit. */
function limit(others: Properties): Schema {
  const bucket = written(tokenBucketFields, tokenBucketWords);
  const calendar = written(calendarFields, calendarWords);
  const properties = {
    limit: { type: "string", pattern: WINDOW_LIMIT.source, ...describe(windowLimitWords.limit) },
    burst: { ...valueOf(tokenBucketFields.capacity), ...describe(windowLimitWords.burst) },
    ...calendar.properties,
    ...bucket.properties,
    ...others,
  };
  const without = (...kept: readonly Properties[]): Schema => {
    const allowed = new Set([...kept, others].flatMap((each) => Object.keys(each)));
    const rest = Object.keys(properties).filter((name) => !allowed.has(name));
    return { properties: Object.fromEntries(rest.map((name) => [name, never])) };
  };
  const shorthand = { limit: properties.limit, burst: properties.burst };
  return {
    type: "object",
    properties,
    additionalProperties: false,
    allOf: [
      implies(
        { required: ["every"] },
        { ...without(calendar.properties), allOf: calendar.rules },
        implies(
          { anyOf: shorthandNames.map((name) => ({ required: [name] })) },
          { required: ["limit"], ...without(shorthand) },
          { ...without(bucket.properties), allOf: bucket.rules },
        ),
      ),
    ],
  };
}

/** A table within a policy. */
function nested(table: FieldTable<string>, words: FieldWords<string>, description: string): Schema {
  const { properties, rules } = written(table, words);
  return { type: "object", description, properties, additionalProperties: false, allOf: rules };
}

/** The fields of a table under all names that people may write, and what goes together. */
function written(
  table: FieldTable<string>,
  words: FieldWords<string>,
): { readonly properties: Properties; readonly rules: readonly Schema[] } {
  const properties: Record<string, Schema> = {};
  const rules: Schema[] = [];
  const durations = new Set(durationNames(table).map((name) => name + MS));
  for (const [name, field] of Object.entries(table)) {
    properties[name] = { ...valueOf(field), ...describe(words[name]) };
    const isRequired = !("by" in field) && field.default === undefined && !isOptional(table);
    if (durations.has(name)) {
      const short = name.slice(0, -MS.length);
      properties[short] = durationOf(name, words[name]);
      const names = [{ required: [name] }, { required: [short] }];
      rules.push(isRequired ? { oneOf: names } : { not: { required: [name, short] } });
    } else if (isRequired) rules.push({ required: [name] });
    if ("by" in field) rules.push(...choicesOf(name, field, table[field.by]));
  }
  return { properties, rules };
}

/** Whether all fields of a table may be left out, though they have no default. */
function isOptional(table: FieldTable<string>): boolean {
  return table === keepingFields;
}

/** What a field may be for each choice that it depends on. */
function choicesOf(
  name: string,
  { by, when }: Extract<Field<string>, { by: string }>,
  chosen: Field<string> | undefined,
): Schema[] {
  const choices = chosen && "oneOf" in chosen ? chosen.oneOf : [];
  return choices.map((choice) => {
    const allowed = when[choice];
    const is = { properties: { [by]: { const: choice } } };
    return implies(is, { properties: { [name]: allowed ? valueOf(allowed) : never } });
  });
}

function valueOf(field: Field<string>): Schema {
  if ("by" in field) return { anyOf: Object.values(field.when).map(valueOf) };
  const standard = typeof field.default === "object" ? {} : { default: field.default };
  if ("min" in field)
    return { type: "integer", minimum: field.min, maximum: field.max, ...standard };
  if ("oneOf" in field) return { type: "string", enum: field.oneOf, ...standard };
  return { type: "string", pattern: field.pattern.source, ...standard };
}

function durationOf(name: string, words: FieldWords<string>[string] | undefined): Schema {
  const what = words?.description.replace(", in milliseconds", "") ?? name;
  const description = `${what}: a number and a unit of ${DURATION_UNITS}, instead of ${name}`;
  return { type: "string", pattern: DURATION.source, description };
}

function describe(words: FieldWords<string>[string] | undefined): Schema {
  return words ? { description: words.description } : {};
}

/** What has to hold if `condition` does, and if it doesn't. */
function implies(condition: Schema, consequence: Schema, otherwise?: Schema): Schema {
  // eslint-disable-next-line unicorn/no-thenable -- a keyword of schemas; nothing awaits one
  return { if: condition, then: consequence, ...(otherwise && { else: otherwise }) };
}

function ref(name: string): Schema {
  return { $ref: `#/definitions/${name}` };
}

function orNull(name: string): Schema {
  return { anyOf: [ref(name), { type: "null" }] };
}

/** The schema as the text of its file. */
export function policySchemaText(): string {
  return `${JSON.stringify(policySchema(), undefined, 2)}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const root = fileURLToPath(new URL("..", import.meta.url));
  writeFileSync(join(root, SCHEMA_FILE), policySchemaText());
}
