/** How the documentation page looks. */
/** The path of the page's style sheet. */
export declare const DOCS_STYLE_PATH = "/docs.css";
/** The page's style sheet. */
export declare const docsStyle: string;
