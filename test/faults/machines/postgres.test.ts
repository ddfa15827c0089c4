import { Pool } from 'pg';
import { postgresUrl } from '../../support/database-servers.js';
import { describeMachines } from './run.js';

describeMachines('postgres', (store) => ({
  async 'the server ends all sessions'() {
    const pool = new Pool({ connectionString: postgresUrl, max: 1 });
    const options = new URL(store.location).searchParams.get('options') ?? '';
    const schema = options.split('=')[1] ?? '';
    await pool.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [schema]);
    await pool.end();
  },
}));
