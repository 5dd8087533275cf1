// @ts-nocheck
// Controls: map, layer and head in the bar, all others under "Options".
// The name of a control is the name of the state field that it sets.

import { pageData } from "./data.js";
import { clamp, el } from "./dom.js";

/** The threshold slider: cubic, for fine steps near zero. */
const slider = {
	value: (position) => Number((pageData.largest * (position / 100) ** 3).toPrecision(2)),
	position: (value) => Math.round(100 * Math.cbrt(value / (pageData.largest || 1))),
};

const all = (selector) => document.querySelectorAll(`.choice ${selector}`);
const control = (name) => all(`[name=${name}]`)[0];
const toggle = (name, visible) => (control(name).closest(".choice").hidden = !visible);

/** Fills a select element with (value, label) pairs. */
function setOptions(name, pairs) {
	control(name).replaceChildren(...pairs.map(([value, label]) => el("option", { value }, label)));
	toggle(name, pairs.length > 1);
}

export function fillControls({ attention, maps }) {
	const { offers, lists, keys } = attention;
	setOptions("map", maps.map(({ name }, i) => [i, name]));
	setOptions("palette", Object.keys(pageData.palettes).map((name) => [name, name]));
	for (const [name, pairs] of Object.entries(lists)) setOptions(name, pairs);
	for (const [name, applies] of Object.entries(offers)) toggle(name, applies);
	control("top").max = keys.length;
}

export function bindControls(state) {
	addEventListener("input", ({ target: { name, type, value, checked, validity } }) => {
		const setting = { checkbox: checked, range: slider.value(value) }[type] ?? value;
		if (validity.valid) state.set({ [name]: setting });
	});
	for (const step of all("[data-step]")) {
		step.onclick = () => {
			const select = step.parentNode.querySelector("select");
			select.selectedIndex = clamp(select.selectedIndex + Number(step.dataset.step), select.length);
			select.dispatchEvent(new Event("input", { bubbles: true }));
		};
	}
}

export function syncControls(state) {
	for (const node of all("[name]")) {
		const value = state[node.name];
		if (node.type === "checkbox") node.checked = value;
		else if (node.type === "range") node.value = slider.position(value);
		else if (node.type !== "number" || node !== document.activeElement) node.value = value;
	}
	all("output")[0].textContent = state.threshold ? `≥ ${state.threshold}` : "all";
}
