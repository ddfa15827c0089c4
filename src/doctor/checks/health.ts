import { isAnswer } from '../ask.js';
import { verdict, type Check } from '../check.js';
import { mediaType, shown } from '../wording.js';

/** Whether the deployment says itself that it is well, where it says so. */
export const health: Check = {
  name: 'health',
  title: 'It says of itself that it is ready',
  matters: 'Load balancers send clients to instances that say so.',
  remedy: 'Look at the log: the store or the identity provider is away, or the secret does not fit the store.',
  async look({ deployment: { issuer }, probe }) {
    const outcomes = await Promise.all(['/healthz', '/readyz'].map((path) => probe.ask({ url: issuer + path })));
    const told = outcomes.flatMap((outcome) => {
      // Many deployments keep these to themselves, and answer with whatever page they have.
      if (!isAnswer(outcome) || outcome.status < 500 || mediaType(outcome) === 'text/html') return [];
      return [`${shown(new URL(outcome.url).pathname)} answered ${outcome.status}.`];
    });
    return verdict(told);
  },
};
