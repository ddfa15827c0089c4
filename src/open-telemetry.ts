import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';
import type * as api from '@opentelemetry/api';
import type { CounterName, DurationName, Telemetry } from './telemetry/telemetry.js';

const scope = 'mcp-gatehouse';

/** Seconds; the buckets that the semantic conventions advise for requests. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

const counters: Readonly<Record<CounterName, api.MetricOptions>> = {
  'mcp_gatehouse.access_token.verifications': { unit: '{token}', description: 'Access tokens that were verified.' },
  'mcp_gatehouse.audit.events': { unit: '{event}', description: 'Audit events that were told.' },
};

const durations: Readonly<Record<DurationName, string>> = {
  'mcp_gatehouse.request.duration': 'Duration of requests to the endpoints of the authorization server.',
  'mcp_gatehouse.provider.duration': 'Duration of what is asked of an identity provider.',
  'mcp_gatehouse.store.duration': 'Duration of operations of the store.',
};

interface Instruments {
  /** Whether what they are told goes nowhere. */
  readonly areSilent: boolean;
  readonly counters: Readonly<Record<string, api.Counter>>;
  readonly durations: Readonly<Record<string, api.Histogram>>;
}

/** Under which every copy of the API keeps what an application registered; there is none before the first registration. */
const registrations = Symbol.for('opentelemetry.js.api.1');

const unheard: Telemetry = { isHeard: () => false, count: () => undefined, observe: (_operation, act) => act() };

/**
 * Makes metrics and traces of what happens, by the API of OpenTelemetry; the API is loaded once an application has
 * registered something with it, which may be long after this server was made. Nothing happens where it is not installed.
 *
 * The names are our own. `http.server.request.duration` and `db.client.operation.duration` of the semantic conventions are
 * what instrumentations of HTTP and of databases record of the very same: each request would count twice.
 */
export function openTelemetry(): Telemetry {
  let loaded: Telemetry | undefined;

  function current(): Telemetry {
    if (loaded) return loaded;
    if (!(registrations in globalThis)) return unheard;
    const otel = load();
    return (loaded = otel ? telemetryBy(otel) : unheard);
  }

  return {
    isHeard: () => current().isHeard(),
    count: (counter, attributes) => {
      current().count(counter, attributes);
    },
    observe: (operation, act, endingOf) => current().observe(operation, act, endingOf),
  };
}

function telemetryBy(otel: typeof api): Telemetry {
  const { context, createNoopMeter, metrics, propagation, ProxyTracerProvider, SpanKind, SpanStatusCode, trace } = otel;
  let instruments: Instruments | undefined;
  let madeOf: unknown;

  /** An application may start its SDK after this server was made; what was made before would stay silent. */
  function current(): Instruments {
    const provider = metrics.getMeterProvider();
    if (instruments && madeOf === provider) return instruments;
    madeOf = provider;
    const meter = provider.getMeter(scope);
    return (instruments = makeInstruments(meter, meter === createNoopMeter()));
  }

  const nobody = new ProxyTracerProvider().getDelegate();

  return {
    isHeard() {
      if (!current().areSilent) return true;
      const tracers = trace.getTracerProvider();
      return !(tracers instanceof ProxyTracerProvider) || tracers.getDelegate() !== nobody;
    },

    count(name, attributes) {
      current().counters[name]?.add(1, { ...attributes });
    },

    async observe({ duration, attributes, span: name, headers }, act, endingOf) {
      const start = performance.now();
      const active = context.active();
      const isInside = trace.getSpan(active) !== undefined;
      const kind = headers ? (isInside ? SpanKind.INTERNAL : SpanKind.SERVER) : SpanKind.CLIENT;
      const parent = headers && !isInside ? propagation.extract(active, headers) : active;
      const span =
        name === undefined
          ? undefined
          : trace.getTracer(scope).startSpan(name, { kind, attributes: { ...attributes } }, parent);

      const end = (ending: ReturnType<typeof endingOf>) => {
        const seconds = (performance.now() - start) / 1000;
        current().durations[duration]?.record(seconds, { ...attributes, ...ending.attributes });
        span?.setAttributes({ ...ending.attributes });
        if (ending.isFault) span?.setStatus({ code: SpanStatusCode.ERROR });
        span?.end();
      };

      try {
        const value = await (span ? context.with(trace.setSpan(parent, span), act) : act());
        end(endingOf({ value }));
        return value;
      } catch (thrown) {
        end(endingOf({ thrown }));
        throw thrown;
      }
    },
  };
}

function makeInstruments(meter: api.Meter, areSilent: boolean): Instruments {
  const each = <T, M>(table: Readonly<Record<string, T>>, make: (name: string, value: T) => M) =>
    Object.fromEntries(Object.entries(table).map(([name, value]) => [name, make(name, value)]));
  return {
    areSilent,
    counters: each(counters, (name, options) => meter.createCounter(name, options)),
    durations: each(durations, (name, description) =>
      meter.createHistogram(name, { unit: 's', description, advice: { explicitBucketBoundaries: buckets } }),
    ),
  };
}

/** Loaded at run time: where it is not installed nothing is missing, and bundlers do not look for it. */
function load(): typeof api | undefined {
  try {
    return createRequire(import.meta.url)('@opentelemetry/api') as typeof api;
  } catch {
    return undefined;
  }
}
