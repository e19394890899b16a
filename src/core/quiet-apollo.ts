/**
 * Imported before any Apollo package: constructing a stock `ApolloGateway` probes cloud metadata addresses and reports
 * usage unless this is set first. Atrium contacts nothing but what it was configured to contact.
 */
process.env['APOLLO_TELEMETRY_DISABLED'] = 'true';
