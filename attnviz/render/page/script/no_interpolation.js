// Stands for d3-interpolate, which d3-zoom imports for animated zooms: the page has none.

export const interpolateZoom = () => () => {
	throw new Error("The page does not animate its zoom.");
};
