/** The live page: shows the bucket named in the URL. */
import { render } from "preact";

import { Page } from "./components/page.tsx";
import { baseOf, bucketAt } from "./address.ts";

const root = document.querySelector("#page");
const base = baseOf(import.meta.url);
if (root) render(<Page base={base} bucket={bucketAt(location.href, base)} />, root);
