/**
 * Keeps what oidc-provider stores in maps: its own in-memory adapter forgets all but the last thousand records, and so
 * grants that were just made. An entry that has expired is gone when it is looked for.
 */
export class MapAdapter {
  static #grants = new Map();
  #records = new Map();
  #sessions = new Map();

  async upsert(id, payload, expiresIn) {
    this.#records.set(id, { payload, expiresAt: Date.now() + expiresIn * 1000 });
    if (payload.uid) this.#sessions.set(payload.uid, id);
    if (!payload.grantId) return;
    const members = MapAdapter.#grants.get(payload.grantId) ?? [];
    members.push(() => this.#records.delete(id));
    MapAdapter.#grants.set(payload.grantId, members);
  }

  async find(id) {
    const record = this.#records.get(id);
    if (record && record.expiresAt <= Date.now()) return undefined;
    return record?.payload;
  }

  async findByUid(uid) {
    return this.find(this.#sessions.get(uid));
  }

  async consume(id) {
    this.#records.get(id).payload.consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    this.#records.delete(id);
  }

  async revokeByGrantId(grantId) {
    for (const remove of MapAdapter.#grants.get(grantId) ?? []) remove();
    MapAdapter.#grants.delete(grantId);
  }
}
