// Entry point: mounts the page, and connects the keys that work everywhere.

import { render } from "preact";
import { html } from "./view.js";

const host = /** @type {HTMLElement} */ (document.getElementById("app"));

/** States an error in place of the page. @param {unknown} error */
function fail(error) {
	const line = document.createElement("p");
	line.setAttribute("role", "alert");
	line.textContent = `This page could not be drawn. ${error instanceof Error ? error.message : error}`;
	host.replaceChildren(line);
}

try {
	const { App } = await import("./app.js"); // reads the data
	await import("./page_keys.js");
	host.replaceChildren();
	render(html`<${App} />`, host);
} catch (error) {
	fail(error);
	console.error(error);
}
