/** The response with `text`. */
export declare function docsResponse(text: string, mediaType: "text/html" | "text/css"): Response;
