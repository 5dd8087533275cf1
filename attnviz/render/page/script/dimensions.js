// @ts-nocheck
// Dimensions view: the vectors of one query and one key, and their elementwise product.

import { announce, byId, el, focusStop, rovingFocus } from "./dom.js";
import { formatExact, maxAbs } from "./format.js";

export class DimensionsView {
	constructor(host, page) {
		Object.assign(this, { host, page });
		rovingFocus(host);
	}

	draw() {
		const { attention, state } = this.page;
		const { query_vectors, key_vectors, shown } = attention;
		const indices = this.page.indicesIn(attention);
		const q = query_vectors.values(...indices, state.q);
		const k = key_vectors.values(...indices, state.k);
		const product = q.map((value, d) => value * k[d]);
		const sum = formatExact(product.reduce((a, b) => a + b, 0));
		const most = Math.max(maxAbs(q), maxAbs(k));
		const describe = (d, event) => {
			const numbers = [q, k, product].map((values) => formatExact(values[d])).join(", ");
			const text = `dimension ${d} of query, key, product: ${numbers}`;
			byId("dimension").textContent = text;
			if (event.type === "focus") announce(text);
		};
		this.host.replaceChildren(
			bars(["query ", el("bdi.query", shown.queries[state.q])], q, most, describe),
			bars(["key ", el("bdi.query", shown.keys[state.k])], k, most, describe),
			bars(`query × key; dot product ${sum}`, product, maxAbs(product), describe, true),
			el("p.muted", { id: "dimension" }, "Hover a dimension or use the arrow keys."),
		);
	}
}

/** One bar per dimension, around zero; arrow keys walk along `focusable` bars. */
function bars(title, values, most, describe, focusable) {
	const bar = (value, d) => {
		const show = (event) => describe(d, event);
		const style = { "--share": Math.abs(value) / (most || 1) };
		const stop = focusable && focusStop(`dimension ${d}`, d === 0);
		return el(value < 0 ? "i.negative" : "i", { style, onpointerenter: show, onfocus: show, ...stop });
	};
	const head = el("h2", el("span", title), el("span", `±${formatExact(most)}`));
	return el("div.bars", head, el("div", Array.from(values, bar)));
}
