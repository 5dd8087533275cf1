// Sizes of elements, observed.

/**
 * Calls `act` in the frame after an element changed its size; returns what ends this. What `act`
 * changes may resize other observed elements, which an observer must not do in its own call.
 * @param {Element} node @param {() => void} act
 */
export function observeSize(node, act) {
	let frame = 0;
	const observer = new ResizeObserver(() => {
		cancelAnimationFrame(frame);
		frame = requestAnimationFrame(act);
	});
	observer.observe(node);
	return () => {
		cancelAnimationFrame(frame);
		observer.disconnect();
	};
}

/** The width of an element without its padding, in CSS pixels. @param {Element} node */
export function contentWidth(node) {
	const { paddingLeft, paddingRight } = getComputedStyle(node);
	return node.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
}
