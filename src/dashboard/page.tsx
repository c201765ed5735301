/** The live page: shows what its URL names. */
import { render, type VNode } from "preact";

import { BucketPage } from "./components/bucket-page.tsx";
import { HomePage } from "./components/home-page.tsx";
import { NotFoundPage } from "./components/not-found-page.tsx";
import { baseOf, routeAt } from "./address.ts";

const root = document.querySelector("#page");
if (root) render(pageAt(location.href, baseOf(import.meta.url)), root);

function pageAt(url: string, base: string): VNode {
  const route = routeAt(url, base);
  switch (route.kind) {
    case "home":
      return <HomePage base={base} />;
    case "bucket":
      return <BucketPage base={base} bucket={route.bucket} />;
    case "nothing":
      return <NotFoundPage base={base} path={route.path} />;
    default:
      return route satisfies never;
  }
}
