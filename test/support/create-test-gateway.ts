export { createTestGateway } from '../../src/testing.ts';
export type { RecordedCall, TestGateway, TestSubgraph } from '../../src/testing.ts';
