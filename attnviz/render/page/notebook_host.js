// Notebooks: the frame of a page takes the height that the page needs, and the page the color scheme
// of the notebook. Without this script the frame keeps its height.

(() => {
	if (window.attnvizHost) return; // one listener for all cells
	window.attnvizHost = true;
	const [LEAST, MOST] = [200, 2400]; // CSS pixels
	const frames = () => [...document.querySelectorAll("iframe[data-attnviz]")];

	/** The first opaque ground behind an element. */
	function groundOf(node) {
		for (let at = node; at; at = at.parentElement) {
			const parts = getComputedStyle(at).backgroundColor.match(/[\d.]+/g)?.map(Number) ?? [];
			if (parts.length === 3 || parts[3] > 0.5) return parts;
		}
		return matchMedia("(prefers-color-scheme: dark)").matches ? [0, 0, 0] : [255, 255, 255];
	}

	function sendScheme(frame) {
		const [red, green, blue] = groundOf(frame.parentElement);
		const scheme = red + green + blue > 384 ? "light" : "dark";
		frame.contentWindow?.postMessage({ attnviz: { scheme } }, "*"); // a sandboxed frame has no origin
	}

	addEventListener("message", ({ source, data }) => {
		const frame = frames().find(({ contentWindow }) => contentWindow === source);
		const message = data?.attnviz;
		if (!frame || !message) return;
		if (message.isReady) sendScheme(frame);
		const height = Number(message.height);
		if (height > 0) frame.style.height = `${Math.max(LEAST, Math.min(MOST, Math.round(height)))}px`;
	});
	const observer = new MutationObserver(() => frames().forEach(sendScheme)); // the theme is an attribute
	for (const node of [document.documentElement, document.body]) observer.observe(node, { attributes: true });
})();
