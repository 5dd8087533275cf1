// Copies and files of what is shown.

import { signal } from "@preact/signals";
import { precision } from "./page_data.js";
import { cellFacts, describeRow } from "./row_facts.js";
import { announcement, mainCell } from "./selection.js";
import { addressOf, settings } from "./settings.js";
import { mainHead } from "./shown_heads.js";
import { positionLabel } from "./token_labels.js";
import { html } from "./view.js";

const isOpen = signal(false);
const message = signal("");

/** @param {string} text @param {string} what */
async function copy(text, what) {
	try {
		await navigator.clipboard.writeText(text);
		message.value = `${what} copied`;
	} catch {
		message.value = text; // a sandbox forbids the clipboard: the text can be selected here
	}
	announcement.value = message.value;
}

const copyLink = () => copy(`${location.href.split("#")[0]}${addressOf(settings.value)}`, "link");

/** The marked weight in one line. */
function valueText() {
	const head = mainHead.value;
	const { row, column } = mainCell.value;
	if (!head || row < 0) return "";
	const { matrix, name } = head;
	const { text, rankText } = cellFacts(matrix, row, column, precision);
	return `${name}: ${positionLabel(matrix.rows, row)} → ${positionLabel(matrix.columns, column)} ${text} (${rankText})`;
}

const rowText = () => (mainHead.value && mainCell.value.row >= 0 ? describeRow(mainHead.value.matrix, mainCell.value.row, precision) : "");

/** @type {[string, () => void][]} */
const ACTIONS = [
	["Copy link", copyLink],
	["Copy value", () => copy(valueText(), "value")],
	["Copy row", () => copy(rowText(), "row")],
];

export function SaveMenu() {
	const item = (/** @type {[string, () => void]} */ [name, act]) => html`<button onClick=${act}>${name}</button>`;
	const close = (/** @type {KeyboardEvent} */ event) => {
		if (event.key !== "Escape") return;
		isOpen.value = false;
		event.stopPropagation();
	};
	return html`<div class="menu" onKeyDown=${close}>
		<button aria-expanded=${isOpen.value} onClick=${() => (isOpen.value = !isOpen.value)}>Save ▾</button>
		${isOpen.value && html`<div role="group" aria-label="Save and copy">${ACTIONS.map(item)}
			${message.value && html`<output>${message.value}</output>`}
		</div>`}
	</div>`;
}
