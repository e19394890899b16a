import { startShop } from './start-shop.ts';
import { faultsFromEnvironment } from './support/faults.ts';
import { runUntilStopped } from './support/run-alone.ts';
import { secretsFromEnvironment } from './support/signed-only.ts';

try {
  const issuer = process.env['IDENTITY_ISSUER'] || undefined;
  const faults = faultsFromEnvironment(process.env);
  const collector = process.env['ATRIUM_OTLP_URL'] || undefined;
  const shop = await startShop({ issuer, faults, signingSecrets: secretsFromEnvironment(process.env), collector });
  runUntilStopped(Object.values(shop.services));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
