import { gate } from '../../../lib/gate';

export { serve as GET, serve as HEAD, serve as OPTIONS, serve as POST };

function serve(request: Request): Promise<Response> {
  return gate().fetch(request);
}
