import { createClient } from './sdk-client-line1.js';
import { describeSdkClient } from './sdk-client.js';

// While it has a refresh token, line 1 answers a missing scope with a refresh, which cannot widen the grant.
describeSdkClient(createClient, { canStepUp: false, scopes: ['mcp:tools'] });
