// The older line of Express, under another name beside the newer one: what is used of it has the same types.
declare module 'express4' {
  export { default } from 'express';
}
