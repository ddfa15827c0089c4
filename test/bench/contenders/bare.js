import { serve, smallDocument } from './serve.js';

serve((request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).end(smallDocument);
});
