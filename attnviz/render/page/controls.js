// What can be chosen: layer and head in sight, everything else under "Options".
// A control has the name of what it writes: the state reads it as an address, and it follows.

import { island } from "./data.js";
import { el, within } from "./dom.js";

/** The threshold's slider: fine steps near zero, where most weights lie. */
const slid = {
	value: (place) => Number((island.largest * (place / 100) ** 3).toPrecision(2)),
	place: (value) => Math.round(100 * Math.cbrt(value / (island.largest || 1))),
};

const all = (selector) => document.querySelectorAll(`.choice ${selector}`);
const named = (name) => all(`[name=${name}]`)[0];
const offer = (name, there) => (named(name).closest(".choice").hidden = !there);

/** What there is to choose from, as pairs of a value and what it is called. */
function list(name, pairs) {
	named(name).replaceChildren(...pairs.map(([value, said]) => el("option", { value }, said)));
	offer(name, pairs.length > 1);
}

export function offerControls({ attention, maps }) {
	const { offers, lists, keys } = attention;
	list("map", maps.map(({ name }, at) => [at, name]));
	list("palette", Object.keys(island.palettes).map((name) => [name, name]));
	for (const [name, pairs] of Object.entries(lists)) list(name, pairs);
	for (const [name, there] of Object.entries(offers)) offer(name, there);
	named("top").max = keys.length;
}

export function listen(state) {
	addEventListener("input", ({ target: { name, type, value, checked, validity } }) => {
		const said = { checkbox: checked, range: slid.value(value) }[type] ?? value;
		if (validity.valid) state.set({ [name]: said });
	});
	for (const step of all("[data-step]")) {
		step.onclick = () => {
			const select = step.parentNode.querySelector("select");
			select.selectedIndex = within(select.selectedIndex + Number(step.dataset.step), select.length);
			select.dispatchEvent(new Event("input", { bubbles: true }));
		};
	}
}

export function follow(state) {
	for (const control of all("[name]")) {
		const value = state[control.name];
		if (control.type === "checkbox") control.checked = value;
		else if (control.type === "range") control.value = slid.place(value);
		else if (control.type !== "number" || control !== document.activeElement) control.value = value;
	}
	all("output")[0].textContent = state.threshold ? `≥ ${state.threshold}` : "all";
}
