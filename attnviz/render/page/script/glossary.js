// A glossary and the keys of the page, behind the button "?".

import { signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { html } from "./view.js";

export const isOpen = signal(false);

const TERMS = [
	["token", "A piece of the text: a word, a part of a word, or a mark."],
	["query", "The token that attends: one row of the matrix."],
	["key", "A token that is attended to: one column of the matrix."],
	["weight", "The share of a query's attention that is on a key. It states what one layer mixes, not the reason of an output."],
	["head", "One attention matrix of a layer. Heads of a layer work side by side."],
	["layer", "A step of the model. Later layers read what earlier ones wrote, so their tokens hold more than their own word."],
	["masked", "A query may not attend to this key, as to later tokens in a causal model. Its weight is exactly 0, and its cell is hatched."],
	["special tokens", "Tokens such as [CLS], [SEP] or <s> that mark the beginning and the end of a text."],
	["attention sink", "A token, often the first, on which many heads put the weight that they do not need."],
	["entropy", "How spread the weights of a query are, in bits: 0 for one key, 3 for eight equal keys."],
	["rank", "The place of a key among all keys of its query, largest weight first."],
	["Σ, ∅", "Σ is the sum of the weights shown in a row; ∅ is the weight on no key."],
];

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
		if (isOpen.value && !dialog.current?.open) dialog.current?.showModal();
	});
	if (!isOpen.value) return null;
	const close = () => (isOpen.value = false);
	return html`<dialog id="glossary" ref=${dialog} onClose=${close} aria-label="Glossary and keys">
		<h2>Glossary</h2>
		<dl>${TERMS.map(line)}</dl>
		<h2>Keys</h2>
		<dl>${KEYS.map(line)}</dl>
		<button onClick=${() => dialog.current?.close()}>close</button>
	</dialog>`;
}
