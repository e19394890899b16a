/**
 * The Content-Security-Policy of every file under `/explorer/`: scripts, workers and requests only from and to this
 * origin. Monaco sets `style` attributes and elements at run time, GraphiQL's sheet carries its fonts as `data:`.
 */
export const explorerContentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  'font-src data:',
  "worker-src 'self'",
  "connect-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');
