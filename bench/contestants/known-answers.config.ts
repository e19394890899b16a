import { defineConfig } from 'atrium';

export default defineConfig({ cache: { answers: { maxSeconds: 3_600 } } });
