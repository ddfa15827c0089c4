/** Tells the time in epoch seconds, with fractions. Handed in at the root; tests move it by assignment. */
export type Clock = () => number;
