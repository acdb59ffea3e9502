export type Redact = (text: string) => string;

/** A shorter secret could match parts of ordinary words. */
const SHORTEST_SECRET = 16;

/**
 * Removes secrets from text, even if a server repeats them in a message. Redact text before you shorten it, because part of
 * a secret is not recognized.
 */
export function redaction(responseUrl: string, env: Readonly<Record<string, string | undefined>>): Redact {
  const { search, href, searchParams } = new URL(responseUrl);
  const signatures = [...searchParams].filter(([name]) => /signature|token/i.test(name)).map(([, value]) => value);
  const secrets = [responseUrl, href, search.slice(1), ...signatures, env.AWS_SECRET_ACCESS_KEY, env.AWS_SESSION_TOKEN]
    .filter((secret): secret is string => secret !== undefined && secret.length >= SHORTEST_SECRET)
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)])
    // Longest first, because a secret can contain another one.
    .sort((one, other) => other.length - one.length);
  const distinct = [...new Set(secrets)];
  return (text) => distinct.reduce((redacted, secret) => redacted.replaceAll(secret, '[redacted]'), text);
}
