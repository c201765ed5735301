/** A file that the page loads. */
export interface Asset {
    readonly mediaType: string;
    readonly text: string;
}
/** The page as it stands at the top; one level below, `assets/` is `../assets/`. */
export declare const pageHtml: string;
/** What it loads, by names that hold a hash of the content. */
export declare const assets: Readonly<Record<string, Asset>>;
