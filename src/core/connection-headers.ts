/**
 * Headers that speak of one connection (RFC 9110, section 7.6.1) or of the form of one body (section 8): they cross the
 * gateway in neither direction, because a message is sent on as another message. Names in lower case.
 */
export const connectionHeaders = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'content-encoding',
  'content-type',
] as const;
