import type { Telemetry } from 'bullmq';
import { TaskmirrorError } from '../errors.js';
import { version } from '../version.js';

/** Spans of what goes through the queue, from the adding of a job to its end. */
export interface Tracing {
  readonly telemetry: Telemetry;
  /** Sends what is left. May take as long as the collector lets it wait. */
  close(): Promise<void>;
}

/**
 * Sends BullMQ's spans to an OpenTelemetry collector, over OTLP as JSON. Its packages are not ours: they are loaded here alone, so
 * that nobody else pays for them. What else OpenTelemetry reads from the environment it reads itself: OTEL_SERVICE_NAME,
 * OTEL_EXPORTER_OTLP_HEADERS and so on. Throws `configuration` where a package is missing.
 */
export async function openTracing(endpoint: string): Promise<Tracing> {
  const { BullMQOtel, sdk, resources, OTLPTraceExporter } = await load();
  const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces` });
  const named = resources.resourceFromAttributes({
    'service.name': 'taskmirror',
    'service.version': version,
  });
  const provider = new sdk.NodeTracerProvider({
    // What the environment says comes last, and wins.
    resource: named.merge(resources.detectResources({ detectors: [resources.envDetector] })),
    spanProcessors: [new sdk.BatchSpanProcessor(exporter)],
  });
  provider.register();
  return {
    telemetry: new BullMQOtel({ tracerName: 'taskmirror', version }),
    close: () => provider.shutdown(),
  };
}

async function load() {
  try {
    const [{ BullMQOtel }, sdk, resources, { OTLPTraceExporter }] = await Promise.all([
      import('bullmq-otel'),
      import('@opentelemetry/sdk-trace-node'),
      import('@opentelemetry/resources'),
      import('@opentelemetry/exporter-trace-otlp-http'),
    ]);
    return { BullMQOtel, sdk, resources, OTLPTraceExporter };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new TaskmirrorError('configuration', MISSING, { cause: error });
  }
}

const MISSING =
  'OTEL_EXPORTER_OTLP_ENDPOINT is set, but the packages for it are not installed: ' +
  'npm install --no-save bullmq-otel@2.0.1 @opentelemetry/sdk-trace-node@2.12.1 @opentelemetry/exporter-trace-otlp-http@0.223.1, or unset it.';
