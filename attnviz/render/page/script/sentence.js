// The sentence: queries above, keys below, colored by the weights of the marked token.

import { useSignalEffect } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { stop, walkStops } from "./keyboard.js";
import { formatNumber } from "./number_text.js";
import { precision } from "./page_data.js";
import { cellFacts, cellText, describeRow } from "./row_facts.js";
import { scaleOf } from "./scales.js";
import { announcement, hover, mainCell, toggle } from "./selection.js";
import { change, settings } from "./settings.js";
import { mainHead } from "./shown_heads.js";
import { Term } from "./term.js";
import { printing } from "./theme.js";
import { positionLabel, positionText } from "./token_labels.js";
import { found } from "./token_finder.js";
import { html } from "./view.js";

/** @typedef {import("./shown_heads.js").ShownHead} ShownHead */
/** @typedef {import("./token_groups.js").TokenGroup} TokenGroup */
/** @typedef {import("./weight_matrix.js").WeightMatrix} WeightMatrix */

const MAX_NUMBERED = 60; // tokens up to which weights are written
const MAX_PAINTED = 120; // of more tokens, those out of view are painted when they come into view

/** @type {Record<"q" | "k", {name: string, groups: (matrix: WeightMatrix) => TokenGroup[]}>} */
const SIDES = {
	q: { name: "query", groups: (matrix) => matrix.rows },
	k: { name: "key", groups: (matrix) => matrix.columns },
};

/** Whether the colors are on this side: on the keys that a query attends to, or on its queries. @param {"q" | "k"} side */
const isColored = (side) => (settings.value.direction === "by") === (side === "q");

/** The statement of the marked weight, in plain words. @param {{head: ShownHead}} props */
function Statement({ head: { matrix, name } }) {
	const { row, column } = mainCell.value;
	if (row < 0) return html`<p id="statement">This map has no weights.</p>`;
	const { value, percent, masked, text, rankText } = cellFacts(matrix, row, column, precision);
	const [query, key] = [positionLabel(matrix.rows, row), positionLabel(matrix.columns, column)];
	const how = masked ? "" : percent && value <= 1 ? ` with ${percent} of its attention` : ` with weight ${text}`;
	return html`<p id="statement">
		${name}: <bdi class="query">${query}</bdi> ${masked ? "cannot attend to" : "attends to"} <bdi class="key">${key}</bdi>${how} (${rankText}).
	</p>`;
}

/** What is painted of each token; what stays the same is not set again. @type {WeakMap<HTMLElement, string>} */
const painted = new WeakMap();

/**
 * Colors and marks tokens of a line.
 * @param {Iterable<HTMLElement>} nodes of this matrix @param {ShownHead} head @param {"q" | "k"} side
 */
function paintTokens(nodes, { matrix, map }, side) {
	const groups = SIDES[side].groups(matrix);
	const { row, column } = mainCell.value;
	if (row < 0) return;
	const { scale } = scaleOf(map, matrix);
	const colored = isColored(side);
	const current = currentOf(side, mainCell.value);
	const matches = found.value[side === "q" ? "queries" : "keys"];
	for (const node of nodes) {
		const i = Number(node.dataset.index);
		if (!groups[i]) return; // the tokens of another matrix, which is not yet drawn
		const [r, c] = side === "q" ? [i, column] : [row, i];
		const { value, isDrawn, masked } = matrix.cell(r, c);
		const fill = colored && isDrawn ? scale.css(value) : "";
		const ink = fill && scale.ink(value);
		const isFound = groups[i].members.some((token) => matches.has(token));
		const facts = [fill, ink, colored && masked, isFound, i === current, colored && value, groups[i].label].join();
		if (painted.get(node) === facts) continue;
		painted.set(node, facts);
		Object.assign(node.style, { background: fill, color: ink });
		node.classList.toggle("masked", colored && masked);
		node.classList.toggle("found", isFound);
		node.setAttribute("aria-pressed", String(i === current));
		writeToken(node, matrix, side, [r, c]);
	}
}

/**
 * The weight of a token, for eyes and for screen readers.
 * @param {HTMLElement} node @param {WeightMatrix} matrix @param {"q" | "k"} side
 * @param {[number, number]} cell
 */
function writeToken(node, matrix, side, [r, c]) {
	const colored = isColored(side);
	const groups = SIDES[side].groups(matrix);
	const label = positionLabel(groups, side === "q" ? r : c);
	node.setAttribute("aria-label", colored ? `${label} ${cellText(matrix, r, c, precision)}` : label);
	const number = node.querySelector("small");
	if (!number) return;
	const { value, masked } = matrix.cell(r, c);
	number.textContent = colored ? (masked ? "·" : formatNumber(value, precision, 3)) : "";
	number.hidden = !(groups.length <= MAX_NUMBERED && colored);
}

/**
 * The tokens of a line that are painted: of a long text those in view, the current one and the one
 * before it, in print all.
 * @param {HTMLElement} host @param {Set<HTMLElement>} inView @param {number} current
 */
function tokensToPaint(host, inView, current) {
	const all = /** @type {HTMLElement[]} */ ([...host.querySelectorAll("[data-index]")]);
	if (all.length <= MAX_PAINTED || printing.value) return all;
	const before = /** @type {HTMLElement[]} */ ([...host.querySelectorAll('[aria-pressed="true"]')]);
	const seen = [...inView].filter((node) => node.isConnected);
	return new Set([...seen, ...before, ...all.slice(current, current + 1)]);
}

/** The current token of a line. @param {"q" | "k"} side @param {{row: number, column: number}} cell */
const currentOf = (side, { row, column }) => (side === "q" ? row : column);

/**
 * Scrolls the current token of a line into sight, and nothing else.
 * @param {HTMLElement} host @param {number} current
 */
function revealCurrent(host, current) {
	const node = /** @type {HTMLElement | null} */ (host.querySelector(`[data-index="${current}"]`));
	if (!node || host.scrollHeight <= host.clientHeight) return;
	const [top, bottom] = [node.offsetTop - host.offsetTop, node.offsetTop - host.offsetTop + node.offsetHeight];
	if (top < host.scrollTop || bottom > host.scrollTop + host.clientHeight) host.scrollTop = top - 8;
}

/** @param {{head: ShownHead, side: "q" | "k"}} props */
function TokenLine({ head, side }) {
	const host = useRef(/** @type {HTMLElement | null} */ (null));
	const groups = SIDES[side].groups(head.matrix);
	const inView = useRef(/** @type {Set<HTMLElement>} */ (new Set())).current;
	const paint = () => {
		if (host.current && mainHead.value) {
			const nodes = tokensToPaint(host.current, inView, currentOf(side, mainCell.value));
			paintTokens(nodes, mainHead.value, side);
		}
	};
	useLayoutEffect(paint, [head]);
	useSignalEffect(paint);
	useLayoutEffect(() => {
		const node = /** @type {HTMLElement} */ (host.current);
		const observer = new IntersectionObserver((entries) => {
			for (const { target, isIntersecting } of entries) {
				const token = /** @type {HTMLElement} */ (target);
				if (isIntersecting) inView.add(token);
				else inView.delete(token);
			}
			paint();
		}, { root: node, rootMargin: "50px" });
		if (groups.length > MAX_PAINTED) for (const token of node.querySelectorAll("[data-index]")) observer.observe(token);
		return () => observer.disconnect();
	}, [groups]);
	const revealed = useRef("");
	useSignalEffect(() => {
		const { q, k } = settings.value;
		if (!host.current || revealed.current === `${q} ${k}`) return;
		revealed.current = `${q} ${k}`;
		revealCurrent(host.current, currentOf(side, mainCell.peek()));
	});
	const indexOf = (/** @type {Event} */ { target }) =>
		Number(/** @type {HTMLElement} */ (target).closest("[data-index]")?.getAttribute("data-index") ?? -1);
	const tokenOf = (/** @type {Event} */ event) => groups[indexOf(event)]?.members[0] ?? -1;
	const press = (/** @type {Event} */ event) => {
		if (tokenOf(event) < 0) return;
		toggle(side, tokenOf(event));
		if (side === "q") announcement.value = describeRow(head.matrix, indexOf(event), precision);
	};
	const token = (/** @type {TokenGroup} */ group, /** @type {number} */ i) => [
		i > 0 && group.segment !== groups[i - 1].segment && html`<hr />`,
		html`<button class="token" data-index=${i} title=${`${SIDES[side].name} ${positionText(group)}`} ...${stop(i === 0)}>
			<bdi>${group.label}</bdi> <small hidden aria-hidden="true"></small>
		</button>`,
	];
	return html`<div class="token-line">
		<span class="muted"><${Term} of=${SIDES[side].name}>${SIDES[side].name}<//></span>
		<div
			class=${`sentence ${side === "q" ? "queries" : "keys"} ${groups.length > MAX_NUMBERED ? "long" : ""}`}
			role="group"
			aria-label=${side === "q" ? "queries" : "keys"}
			dir="auto"
			translate="no"
			ref=${host}
			onClick=${press}
			onPointerOver=${(/** @type {Event} */ event) => hover({ [side]: tokenOf(event) })}
			onPointerLeave=${() => hover({})}
			onKeyDown=${walkStops}
		>
			${groups.map(token)}
		</div>
	</div>`;
}

/** Whose weights color the sentence. */
function Direction() {
	const { direction } = settings.value;
	const flip = () => change({ direction: direction === "to" ? "by" : "to" }, { replace: true });
	return html`<button id="direction" aria-pressed=${direction === "by"} onClick=${flip} title="Colors of the sentence: the keys of the query, or the queries of the key">
		${direction === "to" ? "attends to ⇄" : "⇄ attended by"}
	</button>`;
}

export function Sentence() {
	const head = mainHead.value;
	if (!head) return null;
	return html`<section id="sentence" aria-label="Sentence">
		<div id="statement-line"><${Statement} head=${head} /><${Direction} /></div>
		<${TokenLine} head=${head} side="q" />
		<${TokenLine} head=${head} side="k" />
	</section>`;
}

