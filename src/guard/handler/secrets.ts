export type Scrub = (text: string) => string;

/** Strikes secrets out of whatever leaves the handler, even where a server has sent them back in a message. */
export function scrubber(responseUrl: string, env: Readonly<Record<string, string | undefined>>): Scrub {
  const { search, href } = new URL(responseUrl);
  const secrets = [responseUrl, href, search.slice(1), env.AWS_SECRET_ACCESS_KEY, env.AWS_SESSION_TOKEN]
    // A short one would be found within ordinary words.
    .filter((secret) => secret !== undefined && secret.length >= 16)
    .flatMap((secret) => [secret!, JSON.stringify(secret).slice(1, -1)]);
  return (text) => secrets.reduce((scrubbed, secret) => scrubbed.replaceAll(secret, '[redacted]'), text);
}
