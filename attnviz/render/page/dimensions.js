// One query, one key, dimension by dimension: their numbers, and the product of each two.

import { byId, el, roving, say, stop } from "./dom.js";
import { closely, largest } from "./words.js";

export class DimensionsView {
	constructor(host, page) {
		Object.assign(this, { host, page });
		roving(host);
	}

	draw() {
		const { attention, state } = this.page;
		const { query_vectors, key_vectors, shown } = attention;
		const place = this.page.placeIn(attention);
		const q = query_vectors.values(...place, state.q);
		const k = key_vectors.values(...place, state.k);
		const product = q.map((value, d) => value * k[d]);
		const sum = closely(product.reduce((a, b) => a + b, 0));
		const most = Math.max(largest(q), largest(k));
		const tell = (d, event) => {
			const numbers = [q, k, product].map((all) => closely(all[d])).join(", ");
			const said = `dimension ${d} of query, key, product: ${numbers}`;
			byId("dimension").textContent = said;
			if (event.type === "focus") say(said);
		};
		this.host.replaceChildren(
			bars(["query ", el("bdi.query", shown.queries[state.q])], q, most, tell),
			bars(["key ", el("bdi.query", shown.keys[state.k])], k, most, tell),
			bars(`query × key; their sum is ${sum}`, product, largest(product), tell, true),
			el("p.said", { id: "dimension" }, "Point at a dimension, or walk with the arrow keys."),
		);
	}
}

/** Bars around zero, one a dimension; keys can walk along the last ones. */
function bars(title, values, most, tell, walked) {
	const bar = (value, d) => {
		const told = (event) => tell(d, event);
		const style = { "--share": Math.abs(value) / (most || 1) };
		const about = { style, onpointerenter: told, onfocus: told };
		return el(value < 0 ? "i.below" : "i", { ...about, ...(walked && stop(`dimension ${d}`, d === 0)) });
	};
	const head = el("h2", el("span", title), el("span", `±${closely(most)}`));
	return el("div.bars", head, el("div", Array.from(values, bar)));
}
