import { setTimeout as pause } from 'node:timers/promises';
import Database from 'libsql';
import { describeMachines } from './run.js';

describeMachines('sqlite', (store) => ({
  async 'somebody else has locked the file'(chance) {
    const database = new Database(store.location.slice('sqlite:'.length));
    database.exec('PRAGMA busy_timeout = 2000');
    database.exec('BEGIN IMMEDIATE');
    await pause(chance.between(100, 1200));
    database.exec('ROLLBACK');
    database.close();
  },
}));
