import { clientOfLine1 } from '../support/sdk-client-v1.js';
import { describeSdkClient } from './sdk-client.js';

// While it has a refresh token, line 1 answers a missing scope with a refresh, which cannot widen the grant.
describeSdkClient(clientOfLine1, { canStepUp: false, scopes: ['mcp:tools'] });
