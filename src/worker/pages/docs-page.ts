/**
 * The description of the HTTP interface as a readable page: plain HTML without a script, so that the
 * strictest content security policy fits it, and printing or searching the page covers everything.
 */
import type { Answer, OpenApiDocument, Operation, Parameter } from "./openapi-types.ts";
import type { Schema } from "./json-schema.ts";

/** The path of the page's style sheet. */
export const DOCS_STYLE_PATH = "/docs.css";

/** The page's style sheet. */
export const docsStyle = `
:root { color-scheme: light dark; --ink: light-dark(#1b2430, #e6ebf1); --soft: light-dark(#56616f, #9aa7b6);
  --paper: light-dark(#ffffff, #12171e); --panel: light-dark(#f4f6f8, #1a212b); --line: light-dark(#dbe1e8, #2c3643);
  --accent: light-dark(#0b63b5, #6cb6ff); }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.6 system-ui, sans-serif; }
main, header, nav { max-width: 60rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2.5rem; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.3rem; margin: 3rem 0 .5rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 2rem 0 .25rem; }
h3 code { font-size: 1em; }
h4 { font-size: .85rem; margin: 1.25rem 0 .25rem; color: var(--soft); font-weight: 600; }
p { margin: .25rem 0 .75rem; max-width: 46rem; }
a { color: var(--accent); }
a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
code, pre { font: .875em/1.5 ui-monospace, monospace; background: var(--panel); border-radius: 4px; }
code { padding: .1em .3em; overflow-wrap: anywhere; }
pre { padding: .75rem 1rem; overflow-x: auto; }
pre code { padding: 0; background: none; overflow-wrap: normal; }
nav ul { list-style: none; padding: 0; margin: 1rem 0 0; display: grid; gap: .25rem 1.5rem; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); }
.method { display: inline-block; min-width: 4.2em; font: 600 .8em/1.5 ui-monospace, monospace; color: var(--soft); }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .925rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--soft); font-size: .85rem; }
td:first-child { white-space: nowrap; }
td code { overflow-wrap: break-word; }
footer { height: 4rem; }
@media (max-width: 40rem) {
  h1 { font-size: 1.6rem; }
  thead { position: absolute; clip-path: inset(50%); }
  tr { display: block; padding: .5rem 0; border-bottom: 1px solid var(--line); }
  td, td:first-child { display: block; padding: .1rem 0; border: 0; white-space: normal; }
}
`.trimStart();

/** The page. */
export function docsPage({ info, paths, tags, components }: OpenApiDocument): string {
  const calls = Object.entries(paths).flatMap(([path, methods]) => {
    return Object.entries(methods).map(([method, operation]) => ({ path, method, operation }));
  });
  const sections = tags.map(({ name, description }) => {
    const own = calls.filter(({ operation }) => operation.tags.includes(name));
    return `<h2 id="${slug(name)}">${escape(name)}</h2><p>${prose(description)}</p>${own.map(callSection).join("")}`;
  });
  const schemas = Object.entries(components.schemas);
  const links = calls.map(
    ({ path, method, operation }) =>
      `<li><a href="#${operation.operationId}">${methodMark(method)}<code>${escape(path)}</code></a></li>`,
  );
  const { title, summary, description } = info;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}: the HTTP interface</title>
<link rel="stylesheet" href=".${DOCS_STYLE_PATH}">
</head>
<body>
<header><h1>${escape(title)}: the HTTP interface</h1><p>${prose(summary)}. For programs: <a href="./openapi.json">openapi.json</a>.</p><p>${prose(description)}</p></header>
<nav aria-label="Calls"><ul>${links.join("")}</ul></nav>
<main>
${sections.join("\n")}
<h2 id="bodies">Bodies</h2>
${schemas.map(schemaSection).join("\n")}
</main>
<footer></footer>
</body>
</html>
`;
}

function callSection({
  path,
  method,
  operation,
}: {
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
}): string {
  const { operationId, summary, description, parameters = [], requestBody, responses } = operation;
  const bodies = Object.values(requestBody?.content ?? {});
  return `<section aria-labelledby="${operationId}">
<h3 id="${operationId}">${methodMark(method)}<code>${escape(path)}</code></h3>
<p><strong>${prose(summary)}.</strong> ${prose(description)}</p>
<p>${whoMayCall(operation)}</p>
${parameters.length > 0 ? `<h4>Parameters</h4>${table(["Name", "In", "Value", "Meaning"], parameters.map(parameterRow))}` : ""}
${bodies.map(({ schema }) => `<h4>Body</h4>${schemaText(schema)}`).join("")}${exampleText(requestBody)}
<h4>Answers</h4>${table(["Status", "When", "Body"], Object.entries(responses).map(answerRow))}
${Object.values(responses).map(exampleText).join("")}
</section>`;
}

function whoMayCall({ security }: Operation): string {
  const rights = security.flatMap(({ token = [] }) => token);
  if (rights.length === 0) return "Open to everyone.";
  const tokens = rights.map((right) => {
    if (right === "admin") return "an <code>ADMIN_TOKEN</code>";
    return `an <code>API_TOKEN</code> with the right <code>${escape(right)}</code>`;
  });
  const unless = security.length > rights.length ? ", unless the deployment is public" : "";
  return `Needs ${tokens.join(" or ")}${unless}: <code>Authorization: Bearer …</code>`;
}

function parameterRow(parameter: Parameter): string[] {
  const { name, in: place, required, explode, schema, description } = parameter;
  const must = required === true ? " (required)" : "";
  // What is sent of an exploded object are its members.
  const [member] = explode === true ? Object.entries(schema.patternProperties ?? {}) : [];
  const [sent, value] = member ?? [name, schema];
  return [`<code>${escape(sent)}</code>`, `${place}${must}`, valueText(value), prose(description)];
}

function answerRow([status, { description, content = {} }]: [string, Answer]): string[] {
  const types = Object.entries(content).map(([type, { schema }]) => {
    return schema.$ref === undefined ? `<code>${escape(type)}</code>` : valueText(schema);
  });
  return [`<code>${status}</code>`, prose(description), types.join(", ")];
}

function exampleText({ content = {} }: Pick<Answer, "content"> = {}): string {
  return Object.values(content)
    .filter(({ example }) => example !== undefined)
    .map(({ example }) => `<pre><code>${escape(JSON.stringify(example, null, 2))}</code></pre>`)
    .join("");
}

function schemaSection([name, schema]: [string, Schema]): string {
  return `<section aria-labelledby="${slug(name)}"><h3 id="${slug(name)}">${escape(name)}</h3>${schema.description === undefined ? "" : `<p>${prose(schema.description)}</p>`}${schemaText(schema)}</section>`;
}

function schemaText(schema: Schema): string {
  const { $ref, properties, patternProperties, required = [] } = schema;
  if ($ref !== undefined) return `<p>${valueText(schema)}</p>`;
  const rows = Object.entries({ ...properties, ...patternProperties }).map(([name, member]) => [
    `<code>${escape(name)}</code>`,
    valueText(member),
    `${prose(member.description ?? "")}${required.includes(name) ? "" : " <em>(optional)</em>"}`,
  ]);
  return table(["Member", "Value", "Meaning"], rows);
}

/** The values that a schema allows, in a few words. */
function valueText(schema: Schema): string {
  const { $ref, type, minimum, maximum, pattern, items, anyOf, default: standard } = schema;
  const { const: only, enum: some, properties, patternProperties } = schema;
  if ($ref !== undefined) {
    const name = $ref.slice($ref.lastIndexOf("/") + 1);
    return `<a href="#${slug(name)}">${escape(name)}</a>`;
  }
  if (anyOf) return anyOf.map(valueText).join(" or ");
  if (only !== undefined) return `<code>${escape(JSON.stringify(only))}</code>`;
  if (some) return some.map((value) => `<code>${escape(JSON.stringify(value))}</code>`).join(", ");
  if (items) return `list of ${valueText(items)}`;
  if (properties || patternProperties) {
    const members = Object.entries({ ...properties, ...patternProperties }).map(
      ([name, member]) => `<code>${escape(name)}</code> ${memberText(member)}`,
    );
    return `object of ${members.join(", ")}`;
  }
  const least = minimum === undefined ? "" : ` from ${minimum.toLocaleString("en")}`;
  const most =
    maximum === undefined || maximum === Number.MAX_SAFE_INTEGER
      ? ""
      : ` to ${maximum.toLocaleString("en")}`;
  const shape = pattern === undefined ? "" : ` <code>${escape(pattern)}</code>`;
  const otherwise = standard === undefined ? "" : `, default ${escape(JSON.stringify(standard))}`;
  return `${escape(String(type))}${least}${most}${shape}${otherwise}`;
}

/** Of a member, in the text of what it is a member of. */
function memberText(schema: Schema): string {
  return schema.anyOf ? `(${valueText(schema)})` : valueText(schema);
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = heads.map((text) => `<th scope="col">${text}</th>`).join("");
  const body = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`);
  // A wide table scrolls on its own, and can be focused by keyboard to do so.
  return `<div class="table" tabindex="0"><table><thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table></div>`;
}

function methodMark(method: string): string {
  return `<span class="method">${method.toUpperCase()}</span>`;
}

function slug(text: string): string {
  return `s-${text.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}`;
}

/** Text with code between backticks. */
function prose(text: string): string {
  return escape(text).replaceAll(/`([^`]+)`/g, "<code>$1</code>");
}

function escape(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
