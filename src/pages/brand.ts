/** What the pages show of whoever runs the server. */
export interface Brand {
  /** What people call the service. @defaultValue nothing: the pages speak of the resource */
  readonly name?: string | undefined;
  /**
   * A picture as a `data:` URI: SVG, PNG, JPEG or WebP, of at most 16 KB. It comes with the page, so that nobody has to be
   * asked for it, and a browser runs nothing in it.
   */
  readonly logo?: string | undefined;
  readonly colors?:
    | {
        /** In hex, such as `#0a7d4f`: buttons have it; for text and borders a shade of it is taken that can be read. */
        readonly accent?: string | undefined;
      }
    | undefined;
  /** Pages of the operator's, shown below ours. */
  readonly links?:
    | {
        readonly privacy?: string | undefined;
        readonly terms?: string | undefined;
        readonly support?: string | undefined;
      }
    | undefined;
}
