let Whole: ReturnType<typeof defineWhole> | undefined;

/**
 * Makes an answer of which all is here: to read it, or a copy of it, takes none of the streams that each body of a plain
 * `Response` is made of, which cost more than the request itself.
 */
export function wholeResponse(body: string, init: ResponseInit): Response {
  Whole ??= defineWhole();
  return new Whole(body, init);
}

/** Only when there is an answer: Node loads all of its own fetch for whoever names `Response`. */
function defineWhole() {
  return class WholeResponse extends Response {
    override bodyUsed = false;
    readonly #body: string;

    constructor(body: string, init: ResponseInit) {
      super(null, init);
      this.#body = body;
    }

    /** @throws {TypeError} when it was read before (Fetch, "consume body") */
    override readonly text = (): Promise<string> => {
      if (this.bodyUsed) return Promise.reject(new TypeError('The body was read before.'));
      this.bodyUsed = true;
      return Promise.resolve(this.#body);
    };

    /** @throws {SyntaxError} when the body is not JSON */
    override readonly json = async (): Promise<unknown> => JSON.parse(await this.text());

    /** A copy, which can be read once more. */
    override readonly clone = (): Response => new WholeResponse(this.#body, this);
  };
}
