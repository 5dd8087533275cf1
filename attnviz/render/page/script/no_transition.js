// Stands for d3-transition, which d3-zoom imports: the page has no animation to interrupt.

export const interrupt = () => {};
