import { defineConfig } from 'atrium';

// What `--supergraph` and `--port` do not say of the contestant that gathers look-ups.
export default defineConfig({
  supergraph: { file: '' },
  subgraphs: { inventory: { batching: { windowMs: 2, maxEntities: 200 } } },
});
