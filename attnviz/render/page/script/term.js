// Terms in the texts of the page: hover, focus or a tap shows the explanation of one.

import { signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { termKey, terms } from "./terms.js";
import { html } from "./view.js";

/** The term whose explanation is shown, and where it stands. @type {import("@preact/signals").Signal<{key: string, node: HTMLElement} | null>} */
const explained = signal(null);

const HIDING = 150; // milliseconds in which the pointer can move onto the explanation
const GAP = 6; // between a term and its explanation, in CSS pixels

let hiding = 0;

/** @param {string} key @param {EventTarget | null} target */
function show(key, target) {
	clearTimeout(hiding);
	explained.value = { key, node: /** @type {HTMLElement} */ (target) };
}

const hide = () => (explained.value = null);

// A tap beside it hides it; while the page scrolls it stays at its term.
addEventListener("pointerdown", ({ target }) => {
	if (explained.value && !(target instanceof Element && target.closest(".term, #explanation"))) hide();
});
addEventListener("scroll", () => explained.value && (explained.value = { ...explained.value }), true);

/** Hides it, unless the pointer moves onto the explanation. */
function hideSoon() {
	clearTimeout(hiding);
	hiding = Number(setTimeout(hide, HIDING));
}

/** Hides the explanation; whether there was one. */
export function hideExplanation() {
	const wasShown = explained.value !== null;
	hide();
	return wasShown;
}

/** The id of the text of a term, which describes it to screen readers. @param {string} key */
const idOf = (key) => `term-${key.replace(/[^\w-]+/g, "-")}`;

/**
 * A word with a dotted underline; without an explanation on this page, the word alone.
 * @param {{of: string, kind?: "term" | "measure" | "pattern", children: any}} props
 */
export function Term({ of, kind = "term", children }) {
	const key = termKey(kind, of);
	if (!terms.has(key)) return children;
	const open = (/** @type {Event} */ { currentTarget }) => show(key, currentTarget);
	const enter = (/** @type {PointerEvent} */ event) => event.pointerType !== "touch" && open(event);
	return html`<button
		type="button"
		class="term"
		aria-describedby=${idOf(key)}
		onPointerEnter=${enter}
		onPointerLeave=${hideSoon}
		onFocus=${open}
		onBlur=${hide}
		onClick=${open}
	>${children}</button>`;
}

/** The explanation below its term, or above it where there is no room, and all texts for screen readers. */
export function Explanation() {
	const host = useRef(/** @type {HTMLElement | null} */ (null));
	useLayoutEffect(() => {
		if (!host.current || !explained.value) return;
		const { left, top, bottom } = explained.value.node.getBoundingClientRect();
		const { offsetWidth: w, offsetHeight: h } = host.current;
		const y = bottom + GAP + h > innerHeight ? Math.max(GAP, top - GAP - h) : bottom + GAP;
		const x = Math.max(GAP, Math.min(left, innerWidth - w - GAP));
		Object.assign(host.current.style, { left: `${x}px`, top: `${y}px` });
	});
	const shown = explained.value && terms.get(explained.value.key);
	return html`
		<div hidden>${[...terms].map(([key, { text }]) => html`<p key=${key} id=${idOf(key)}>${text}</p>`)}</div>
		${shown && html`<div
			id="explanation"
			aria-hidden="true"
			ref=${host}
			onPointerEnter=${() => clearTimeout(hiding)}
			onPointerLeave=${hide}
		><b>${shown.name}</b> ${shown.text}</div>`}
	`;
}
