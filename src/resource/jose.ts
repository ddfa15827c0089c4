import { once } from '../keys/single-flight.js';

/** Loads the library for tokens of others with the first of them: to start takes none of it. */
export const loadJose = once(() => import('jose'));
