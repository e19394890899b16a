import { defineConfig } from 'atrium';

export default defineConfig({ supergraph: { file: '' }, logging: { level: 'silent' } });
