import { clientOfLine2 } from '../support/sdk-client-v2.js';
import { describeSdkClient } from './sdk-client.js';

// Line 2 asks for offline_access wherever the server knows it, and the client can refresh.
describeSdkClient(clientOfLine2, { canStepUp: true, scopes: ['mcp:tools', 'offline_access'] });
