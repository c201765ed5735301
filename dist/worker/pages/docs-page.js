import { ADDRESS_VARIABLE, curlSample } from "./curl-sample.js";
import { DOCS_STYLE_PATH } from "./docs-style.js";
/** The page. */
export function docsPage({ info, paths, tags, components }) {
    const calls = Object.entries(paths).flatMap(([path, methods]) => {
        return Object.entries(methods).map(([method, operation]) => ({ path, method, operation }));
    });
    const sections = tags.map(({ name, description }) => {
        const own = calls.filter(({ operation }) => operation.tags.includes(name));
        return `<h2 id="${slug(name)}">${escape(name)}</h2><p>${prose(description)}</p>${own.map(callSection).join("")}`;
    });
    const schemas = Object.entries(components.schemas);
    const groups = tags.map(({ name }) => {
        const own = calls.filter(({ operation }) => operation.tags.includes(name));
        return `<li><a href="#${slug(name)}">${escape(name)}</a><ul>${own.map(linkTo).join("")}</ul></li>`;
    });
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
<a class="skip" href="#calls">Skip to the calls</a>
<nav aria-label="Calls"><p><a href="./">← Busy buckets</a></p><ul>${groups.join("")}<li><a href="#bodies">Bodies</a></li></ul></nav>
<div class="page">
<header><h1>${escape(title)}: the HTTP interface</h1><p>${prose(summary)}. For programs: <a href="./openapi.json">openapi.json</a>.</p><p>${prose(description)}</p>
<p>The samples read the address of Sluice and your keys from variables:</p><pre tabindex="0"><code>${ADDRESS_VARIABLE}=http://localhost:8787
API_TOKEN=…
ADMIN_TOKEN=…</code></pre></header>
<main id="calls">
${sections.join("\n")}
<h2 id="bodies">Bodies</h2>
${schemas.map(schemaSection).join("\n")}
</main>
</div>
</body>
</html>
`;
}
function linkTo({ path, method, operation }) {
    return `<li><a href="#${operation.operationId}">${methodMark(method)}<code>${escape(path)}</code></a></li>`;
}
function callSection(described) {
    const { path, method, operation } = described;
    const { operationId, summary, description, parameters = [], requestBody, responses } = operation;
    const bodies = Object.values(requestBody?.content ?? {});
    return `<section aria-labelledby="${operationId}">
<h3 id="${operationId}">${methodMark(method)}<code>${escape(path)}</code></h3>
<p><strong>${prose(summary)}.</strong> ${prose(description)}</p>
<p>${whoMayCall(operation)}</p>
<pre tabindex="0"><code>${escape(curlSample(described))}</code></pre>
${parameters.length > 0 ? `<h4>Parameters</h4>${table(["Name", "In", "Value", "Meaning"], parameters.map(parameterRow))}` : ""}
${bodies.map(({ schema }) => `<h4>Body</h4>${schemaText(schema)}`).join("")}${exampleText(requestBody)}
<h4>Answers</h4>${table(["Status", "When", "Body"], Object.entries(responses).map(answerRow))}
${Object.values(responses).map(exampleText).join("")}
</section>`;
}
function whoMayCall({ security }) {
    const rights = security.flatMap(({ token = [] }) => token);
    if (rights.length === 0)
        return "Open to everyone.";
    const tokens = rights.map((right) => {
        if (right === "admin")
            return "an <code>ADMIN_TOKEN</code>";
        return `an <code>API_TOKEN</code> with the right <code>${escape(right)}</code>`;
    });
    const unless = security.length > rights.length ? ", unless the deployment is public" : "";
    return `Needs ${tokens.join(" or ")}${unless}: <code>Authorization: Bearer …</code>`;
}
function parameterRow(parameter) {
    const { name, in: place, required, explode, schema, description } = parameter;
    const must = required === true ? " (required)" : "";
    // What is sent of an exploded object are its members.
    const [member] = explode === true ? Object.entries(schema.patternProperties ?? {}) : [];
    const [sent, value] = member ?? [name, schema];
    return [`<code>${escape(sent)}</code>`, `${place}${must}`, valueText(value), prose(description)];
}
function answerRow([status, { description, content = {} }]) {
    const types = Object.entries(content).map(([type, { schema }]) => {
        return schema.$ref === undefined ? `<code>${escape(type)}</code>` : valueText(schema);
    });
    return [`<code>${status}</code>`, prose(description), types.join(", ")];
}
function exampleText({ content = {} } = {}) {
    return Object.values(content)
        .filter(({ example }) => example !== undefined)
        .map(({ example }) => `<pre tabindex="0"><code>${escape(JSON.stringify(example, null, 2))}</code></pre>`)
        .join("");
}
function schemaSection([name, schema]) {
    return `<section aria-labelledby="${slug(name)}"><h3 id="${slug(name)}">${escape(name)}</h3>${schema.description === undefined ? "" : `<p>${prose(schema.description)}</p>`}${schemaText(schema)}</section>`;
}
function schemaText(schema) {
    const { $ref, properties, patternProperties, required = [] } = schema;
    if ($ref !== undefined)
        return `<p>${valueText(schema)}</p>`;
    const rows = Object.entries({ ...properties, ...patternProperties }).map(([name, member]) => [
        `<code>${escape(name)}</code>`,
        valueText(member),
        `${prose(member.description ?? "")}${required.includes(name) ? "" : " <em>(optional)</em>"}`,
    ]);
    return table(["Member", "Value", "Meaning"], rows);
}
/** The values that a schema allows, in a few words. */
function valueText(schema) {
    const { $ref, type, minimum, maximum, pattern, items, anyOf, default: standard } = schema;
    const { const: only, enum: some, properties, patternProperties } = schema;
    if ($ref !== undefined) {
        const name = $ref.slice($ref.lastIndexOf("/") + 1);
        return `<a href="#${slug(name)}">${escape(name)}</a>`;
    }
    if (anyOf)
        return anyOf.map(valueText).join(" or ");
    if (only !== undefined)
        return `<code>${escape(JSON.stringify(only))}</code>`;
    if (some)
        return some.map((value) => `<code>${escape(JSON.stringify(value))}</code>`).join(", ");
    if (items)
        return `list of ${valueText(items)}`;
    if (properties || patternProperties) {
        const members = Object.entries({ ...properties, ...patternProperties }).map(([name, member]) => `<code>${escape(name)}</code> ${memberText(member)}`);
        return `object of ${members.join(", ")}`;
    }
    const least = minimum === undefined ? "" : ` from ${minimum.toLocaleString("en")}`;
    const most = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER
        ? ""
        : ` to ${maximum.toLocaleString("en")}`;
    const shape = pattern === undefined ? "" : ` <code>${escape(pattern)}</code>`;
    const otherwise = standard === undefined ? "" : `, default ${escape(JSON.stringify(standard))}`;
    return `${escape(String(type))}${least}${most}${shape}${otherwise}`;
}
/** Of a member, in the text of what it is a member of. */
function memberText(schema) {
    return schema.anyOf ? `(${valueText(schema)})` : valueText(schema);
}
function table(heads, rows) {
    const head = heads.map((text) => `<th scope="col">${text}</th>`).join("");
    const body = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`);
    // A wide table scrolls on its own, and can be focused by keyboard to do so.
    return `<div class="table" tabindex="0"><table><thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table></div>`;
}
function methodMark(method) {
    return `<span class="method">${method.toUpperCase()}</span>`;
}
function slug(text) {
    return `s-${text.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}`;
}
/** Text with code between backticks. */
function prose(text) {
    return escape(text).replaceAll(/`([^`]+)`/g, "<code>$1</code>");
}
function escape(text) {
    return text
        .replaceAll("&", "&amp;")
        .replaceAll("<", "&lt;")
        .replaceAll(">", "&gt;")
        .replaceAll('"', "&quot;");
}
