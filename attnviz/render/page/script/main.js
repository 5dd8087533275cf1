// Entry point: mounts the page, and connects the keys that work everywhere.

import { stopWatching } from "./failure_line.js";
import { render } from "preact";
import { App } from "./app.js";
import { connectHost } from "./embedding.js";
import "./page_keys.js";
import { html } from "./view.js";

const host = /** @type {HTMLElement} */ (document.getElementById("app"));
host.replaceChildren();
render(html`<${App} />`, host);
stopWatching();
connectHost(host);
