// The search for tokens: what is found is marked in the sentence and in the map.

import { computed, signal } from "@preact/signals";
import { announcement, select } from "./selection.js";
import { change, settings } from "./settings.js";
import { currentMap } from "./shown_heads.js";
import { findTokens } from "./token_search.js";
import { html } from "./view.js";

/** @typedef {import("./token_search.js").TokenRange} TokenRange */

/** @param {TokenRange[]} ranges */
const positionsOf = (ranges) =>
	new Set(ranges.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, i) => from + i)));

/** The ranges that are found among queries and keys. */
const ranges = computed(() => {
	const { shown } = currentMap.value;
	const { find } = settings.value;
	return { queries: findTokens(shown.queries, find), keys: findTokens(shown.keys, find) };
});

/** The positions that are found. */
export const found = computed(() => ({
	queries: positionsOf(ranges.value.queries),
	keys: positionsOf(ranges.value.keys),
}));

const at = signal(-1);

/** Selects the next token that is found: as query where there is one, else as key. */
function next() {
	const { queries, keys } = ranges.value;
	const all = queries.length ? queries : keys;
	if (!all.length) return;
	at.value = (at.value + 1) % all.length;
	select(queries.length ? { q: all[at.value].from } : { k: all[at.value].from });
	announcement.value = `${at.value + 1} of ${all.length}`;
}

export function Finder() {
	const { find } = settings.value;
	const { queries, keys } = ranges.value;
	const n = Math.max(queries.length, keys.length);
	const type = (/** @type {any} */ event) => {
		at.value = -1;
		change({ find: event.target.value }, { replace: true });
	};
	const press = (/** @type {KeyboardEvent} */ event) => {
		if (event.key === "Enter") next();
		if (event.key !== "Escape") return;
		change({ find: "" }, { replace: true });
		/** @type {HTMLElement} */ (event.target).blur(); // keys act on the page again
		event.stopPropagation();
	};
	return html`<search class="choice">
		<input
			id="find"
			type="search"
			placeholder="find a token ( / )"
			aria-label="find a token"
			value=${find}
			onInput=${type}
			onKeyDown=${press}
		/>
		${find && html`<output class="muted">${n ? `${n} found` : "none found"}</output>`}
	</search>`;
}
