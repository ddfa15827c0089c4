import { once } from './keys/single-flight.js';
import type { Pages, PagesServices } from './pages/pages.js';

/** The pages of a server, which are loaded when somebody is shown the first one. */
export function pagesOnDemand(services: PagesServices): Pages {
  const pages = once(async () => {
    const { createPages } = await import('./pages/pages.js');
    return createPages(services);
  });
  return {
    consent: async (view, reader) => (await pages()).consent(view, reader),
    refused: async (view, reader) => (await pages()).refused(view, reader),
    notice: async (view, reader) => (await pages()).notice(view, reader),
    handOff: async (view, reader) => (await pages()).handOff(view, reader),
    account: async (view, reader) => (await pages()).account(view, reader),
    customConsent: async (render, view, reader) => (await pages()).customConsent(render, view, reader),
  };
}
