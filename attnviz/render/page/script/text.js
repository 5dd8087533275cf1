// @ts-nocheck
// Text view: tokens colored by the weights of the selected query.

import { announce, button, el, focusStop, rovingFocus } from "./dom.js";
import { formatNumber } from "./format.js";
import { segmentStarts } from "./layout.js";

const MAX_NUMBERED = 60; // tokens up to which weights are written

export class TextView {
	constructor(host, page) {
		Object.assign(this, { host, page });
		rovingFocus(host);
	}

	draw(matrix) {
		const { rows, columns } = matrix;
		const { row, column } = this.page.selection(matrix);
		const same = `${rows.map((t) => t.label)}` === `${columns.map((t) => t.label)}`;
		const select = (i) => {
			this.page.select(i, column);
			announce(matrix.describeRow(i));
		};
		const query = (props, parts, i) => {
			const more = { "aria-pressed": i === row, ...focusStop(`token ${i}`, i === row) };
			return button(parts, () => select(i), { ...props, ...more });
		};
		const plain = ({ label }, i) => query({ class: "token" }, el("bdi", label), i);
		const colored = ({ label }, i) => {
			const { value, isDrawn, masked, text } = matrix.cell(row, i);
			const props = {
				class: masked ? "token masked" : "token",
				style: isDrawn ? { background: matrix.scale.css(value), color: matrix.scale.ink(value) } : {},
				"aria-label": `${label}, ${text}`,
			};
			const number = masked ? "·" : formatNumber(value, 3);
			const parts = [el("bdi", label), columns.length <= MAX_NUMBERED && el("small", number)];
			return same ? query(props, parts, i) : el("span", props, parts);
		};
		const sentence = (tokens, draw) => {
			const starts = segmentStarts(tokens);
			const parts = tokens.map((token, i) => [starts.includes(i) && el("hr"), draw(token, i)]);
			return el("div.sentence", { dir: "auto", translate: "no" }, parts);
		};
		this.host.replaceChildren(
			same ? "" : sentence(rows, plain),
			el("p.muted", "Color: weights of query ", el("bdi.query", rows[row]?.label), "."),
			sentence(columns, colored),
		);
	}
}
