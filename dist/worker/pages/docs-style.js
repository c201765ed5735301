/** How the documentation page looks. */
/** The path of the page's style sheet. */
export const DOCS_STYLE_PATH = "/docs.css";
/** The page's style sheet. */
export const docsStyle = `
:root { color-scheme: light dark; --ink: light-dark(#1b2430, #e6ebf1); --soft: light-dark(#56616f, #9aa7b6);
  --paper: light-dark(#ffffff, #12171e); --panel: light-dark(#f4f6f8, #1a212b); --line: light-dark(#dbe1e8, #2c3643);
  --accent: light-dark(#0b63b5, #6cb6ff); }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.6 system-ui, sans-serif; }
.page { min-width: 0; max-width: 60rem; padding: 0 1.25rem 4rem; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1.25rem; top: .5rem; z-index: 1; padding: .25rem .75rem; background: var(--paper); }
header { padding-top: 1.5rem; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.3rem; margin: 3rem 0 .5rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 2rem 0 .25rem; }
h3 code { font-size: 1em; }
h4 { font-size: .85rem; margin: 1.25rem 0 .25rem; color: var(--soft); font-weight: 600; }
p { margin: .25rem 0 .75rem; max-width: 46rem; }
a { color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
code, pre { font: .875em/1.5 ui-monospace, monospace; background: var(--panel); border-radius: 4px; }
code { padding: .1em .3em; overflow-wrap: anywhere; }
pre { padding: .75rem 1rem; overflow-x: auto; }
pre code { padding: 0; background: none; overflow-wrap: normal; }
nav { padding: 1.25rem; background: var(--panel); font-size: .875rem; }
nav p { margin: 0 0 1rem; font-size: 1rem; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav > ul > li { margin-bottom: .75rem; font-weight: 600; }
nav li li { font-weight: 400; }
nav li a { display: block; padding: .2rem 0; text-decoration: none; }
nav li a:hover { text-decoration: underline; }
nav code { padding: 0; background: none; }
.method { display: inline-block; min-width: 4.2em; font: 600 .8em/1.5 ui-monospace, monospace; color: var(--soft); }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .925rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--soft); font-size: .85rem; }
td:first-child { white-space: nowrap; }
td code { overflow-wrap: break-word; }
@media (min-width: 64rem) {
  body { display: grid; grid-template-columns: 20rem minmax(0, 1fr); }
  nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; }
  .page { padding-inline: 2.5rem; }
}
@media (max-width: 64rem) {
  nav > ul { max-height: 14rem; overflow-y: auto; }
}
@media (max-width: 40rem) {
  h1 { font-size: 1.6rem; }
  thead { position: absolute; clip-path: inset(50%); }
  tr { display: block; padding: .5rem 0; border-bottom: 1px solid var(--line); }
  td, td:first-child { display: block; padding: .1rem 0; border: 0; white-space: normal; }
}
@media print {
  nav { display: none; }
}
`.trimStart();
