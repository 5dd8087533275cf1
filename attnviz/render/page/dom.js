// Elements. Foreign text enters the page here and nowhere else, and only ever as text.

export const byId = (id) => document.getElementById(id);

/** The namespace of drawings, from one that the parser made: no address stands in this file. */
const SVG = byId("svg").namespaceURI;

/** An element: "p.said" or "svg:path"; attributes, "on…" being listeners; children. */
export function el(name, ...rest) {
	const [tag, kind] = name.split(".");
	const drawn = tag.startsWith("svg:");
	const made = drawn ? document.createElementNS(SVG, tag.slice(4)) : document.createElement(tag);
	const given = rest[0]?.constructor === Object ? rest.shift() : {};
	for (const [key, value] of Object.entries({ class: kind, ...given })) {
		if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
		else if (key === "style") Object.entries(value).forEach((wish) => made.style.setProperty(...wish));
		else if (key.startsWith("aria-") || (value ?? false) !== false) made.setAttribute(key, value);
	}
	made.append(...rest.flat(2).filter((child) => child || child === 0));
	return made;
}

export const button = (text, onclick, more) => el("button", { onclick, ...more }, text);

/** Says something to those who listen to the page instead of looking at it. */
export const say = (text) => (byId("live").textContent = text);

/** Whether a key belongs to the browser or the system, and not to the page. */
export const modified = (event) => event.ctrlKey || event.metaKey || event.altKey;

/** Draws anew, then gives the focus back to whatever stands in the same place. */
export function redrawn(host, draw) {
	const place = host.contains(document.activeElement) && document.activeElement.dataset.place;
	draw();
	if (place) host.querySelector(`[data-place="${place}"]`)?.focus();
}

export const ALONG = {
	ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1, Home: -Infinity, End: Infinity,
};

/** What `roving` walks through: its place, and whether it is the one that Tab comes to. */
export const stop = (place, current) => ({ "data-place": place, tabindex: current ? 0 : -1 });

/** Lets keys move through the stops of a host; `steps` says how far each key goes. */
export function roving(host, steps = () => ALONG) {
	host.addEventListener("keydown", (event) => {
		const all = [...host.querySelectorAll("[data-place]")];
		const here = all.indexOf(document.activeElement);
		const by = steps()[event.key];
		if (here < 0 || !by || modified(event)) return;
		event.preventDefault();
		const there = all[Math.max(0, Math.min(all.length - 1, here + by))];
		for (const one of all) one.tabIndex = one === there ? 0 : -1;
		there.focus();
	});
}
