import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll } from 'vitest';

/** One series of a metric. */
export interface Series {
  readonly name: string;
  readonly unit: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** How often it was counted or measured. */
  readonly count: number;
  /** Of a histogram of durations: all together. */
  readonly sum?: number | undefined;
}

/** What a test sees of a span. */
export type SeenSpan = Pick<ReadableSpan, 'name' | 'kind' | 'attributes' | 'status'> & {
  readonly spanId: string;
  readonly traceId: string;
  readonly parentSpanId: string | undefined;
};

/** Puts an SDK of OpenTelemetry that keeps everything in memory behind the API, for this test file. */
export function collectTelemetry() {
  const spanExporter = new InMemorySpanExporter();
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 3_600_000 });
  let meters: MeterProvider;
  const startMeters = () => {
    metrics.disable();
    meters = new MeterProvider({ readers: [reader] });
    metrics.setGlobalMeterProvider(meters);
  };
  beforeAll(() => {
    startMeters();
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spanExporter)] }));
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    propagation.setGlobalPropagator({
      inject: () => undefined,
      // W3C Trace Context §3.2
      extract(active, carrier) {
        const header = (carrier as Record<string, unknown>)['traceparent'];
        const [, traceId = '', spanId = ''] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-01$/.exec(String(header)) ?? [];
        return traceId === ''
          ? active
          : trace.setSpanContext(active, { traceId, spanId, traceFlags: 1, isRemote: true });
      },
      fields: () => ['traceparent'],
    });
  });
  afterAll(async () => {
    await meters.shutdown();
    for (const api of [metrics, trace, context, propagation]) api.disable();
  });

  return {
    reset: () => spanExporter.reset(),
    async metrics(): Promise<Series[]> {
      metricExporter.reset();
      await meters.forceFlush();
      const scopes = metricExporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
      return scopes.flatMap((scope) =>
        scope.metrics.flatMap(({ descriptor: { name, unit }, dataPoints }) =>
          dataPoints.map(({ attributes, value }): Series => {
            if (typeof value === 'number') return { name, unit, attributes, count: value };
            const { count, sum } = value as { count: number; sum?: number };
            return { name, unit, attributes, count, sum };
          }),
        ),
      );
    },
    spans: (): SeenSpan[] =>
      spanExporter.getFinishedSpans().map((span) => {
        const { name, kind, attributes, status, parentSpanContext } = span;
        const { spanId, traceId } = span.spanContext();
        return { name, kind, attributes, status, spanId, traceId, parentSpanId: parentSpanContext?.spanId };
      }),
  };
}
