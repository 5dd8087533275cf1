// A glossary and the keys of the page, behind the button "?".

import { signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { terms } from "./terms.js";
import { html } from "./view.js";

export const isOpen = signal(false);

const KEYS = [
	["arrow keys", "move the selection in the map, and between tokens and heads"],
	["Enter, click", "select a token, a cell or a head"],
	["Esc", "release the selected pair"],
	["+ − 0", "zoom in, zoom out, fit; also by wheel, pinch and double click"],
	["/", "find a token"],
	["p", "pin the head, or remove the pin (up to four heads side by side)"],
	["?", "this page"],
];

/** @param {string[]} pair */
const line = ([term, text]) => [html`<dt>${term}</dt>`, html`<dd>${text}</dd>`];

export function Glossary() {
	const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
	useLayoutEffect(() => {
		if (!isOpen.value || !dialog.current || dialog.current.open) return;
		dialog.current.showModal();
		dialog.current.scrollTop = 0; // the focus on its button, at the end, scrolled it
	});
	if (!isOpen.value) return null;
	const close = () => (isOpen.value = false);
	return html`<dialog id="glossary" ref=${dialog} onClose=${close} aria-label="Glossary and keys">
		<h2>Glossary</h2>
		<dl>${[...terms.values()].map(({ name, text }) => line([name, text]))}</dl>
		<h2>Keys</h2>
		<dl>${KEYS.map(line)}</dl>
		<button onClick=${() => dialog.current?.close()}>close</button>
	</dialog>`;
}
