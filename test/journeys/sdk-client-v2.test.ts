import { createClient } from './sdk-client-line2.js';
import { describeSdkClient } from './sdk-client.js';

// Line 2 asks for offline_access wherever the server knows it, and the client can refresh.
describeSdkClient(createClient, { canStepUp: true, scopes: ['mcp:tools', 'offline_access'] });
