/** The live page: begins with the bucket that the address names. */
import { render } from "preact";

import { Page } from "./components/page.tsx";
import { bucketOfPath } from "./address.ts";

const root = document.querySelector("#page");
if (root) render(<Page bucket={bucketOfPath(location.pathname)} />, root);
