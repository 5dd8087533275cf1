// Arrow keys: steps between cells of a map, and between the buttons of a group.

/** Steps of the navigation keys: down, right. @type {Record<string, [number, number]>} */
export const ARROWS = {
	ArrowUp: [-1, 0],
	ArrowDown: [1, 0],
	ArrowLeft: [0, -1],
	ArrowRight: [0, 1],
	Home: [0, -Infinity],
	End: [0, Infinity],
};

/** @param {number} i @param {number} n */
export const clamp = (i, n) => Math.max(0, Math.min(n - 1, i));

/** The step of a key that is pressed alone. @param {KeyboardEvent} event */
export const stepOf = (event) =>
	event.ctrlKey || event.metaKey || event.altKey ? undefined : ARROWS[event.key];

/** Attributes of a stop of `walkStops`; Tab reaches the current one. @param {boolean} current */
export const stop = (current) => ({ "data-stop": true, tabIndex: current ? 0 : -1 });

/**
 * Moves the focus between the stops of the listening element.
 * @param {KeyboardEvent} event @param {number} [below] stops per step down
 */
export function walkStops(event, below = 1) {
	const step = stepOf(event);
	const host = /** @type {HTMLElement} */ (event.currentTarget);
	const stops = /** @type {HTMLElement[]} */ ([...host.querySelectorAll("[data-stop]")]);
	const i = stops.indexOf(/** @type {HTMLElement} */ (document.activeElement));
	if (!step || i < 0) return;
	const next = stops[clamp(i + step[0] * below + step[1], stops.length)];
	for (const node of stops) node.tabIndex = node === next ? 0 : -1;
	next.focus();
	event.preventDefault();
}

/** Whether keys that are typed enter a text. @param {EventTarget | null} target */
export const isTyping = (target) =>
	target instanceof HTMLElement && target.matches("input:not([type=checkbox], [type=range]), select, textarea");
