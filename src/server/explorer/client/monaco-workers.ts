import type { Environment } from 'monaco-editor';

const workerFiles: Readonly<Record<string, string>> = { json: 'json.worker.js', graphql: 'graphql.worker.js' };

// Workers come from files beside this script and not from blobs, so that `worker-src 'self'` lets them run.
const environment: Environment = {
  getWorker: (_moduleId, label) => new Worker(new URL(workerFiles[label] ?? 'editor.worker.js', import.meta.url)),
};

window.MonacoEnvironment = environment;
