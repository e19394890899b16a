import { defineConfig } from 'atrium';

// The log and metrics are on by default; the collector's address comes from the environment.
export default defineConfig({
  supergraph: { file: '' },
  telemetry: { traces: { ratio: 0.01 }, metrics: { everySeconds: 5 } },
});
