import { CfnResource, Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { GitHubRepository, GitHubSubject } from './github-subject';
import { partitionOf } from '../../private/stacks';
import { shown } from '../../private/validation';

const GITHUB_COM = 'token.actions.githubusercontent.com';
const AUDIENCE = 'sts.amazonaws.com';

/** A host, with a path on GitHub Enterprise Server. */
const ISSUER = /^[A-Za-z0-9.-]+(:[0-9]+)?(\/[\w./-]+)?$/;

const REPOSITORY = /^[A-Za-z0-9-]+\/[A-Za-z0-9._-]+$/;
const ID = /^[1-9][0-9]*$/;

/** Returns the error in the repository or its IDs, if there is one. */
export function faultOf({ repository, ownerId, repositoryId }: GitHubRepository): string | undefined {
  if (!REPOSITORY.test(repository)) return `repository ${shown(repository)} is not <owner>/<name>`;
  const [property, id] = Object.entries({ ownerId, repositoryId }).find(([, value]) => !ID.test(value)) ?? [];
  const query = property === 'ownerId' ? '.owner.id' : '.id';
  return property && `${property} ${shown(id)} is not a number: pass the ID that "gh api repos/${repository} --jq ${query}" prints`;
}

/** Issuer of the tokens. The default is GitHub. */
export interface TrustOptions {
  readonly issuer?: string;
  readonly provider?: iam.IOidcProvider;
}

/**
 * The trust condition of a role: the GitHub tokens that can assume it. The keys of the condition contain the issuer, because
 * AWS derives them from the provider.
 *
 * @param stack stack of the role; the provider is in its account
 */
export function trustedRuns(stack: Stack, repository: GitHubRepository, subjects: GitHubSubject[], options: TrustOptions): iam.IPrincipal {
  const issuer = issuerOf(options);
  const providerArn = options.provider?.oidcProviderArn ?? `arn:${partitionOf(stack)}:iam::${stack.account}:oidc-provider/${issuer}`;
  const accepted = [...new Set(subjects.flatMap((subject) => subject._of(repository)))];
  // Only tag subjects can contain a wildcard.
  const comparison = accepted.some((subject) => subject.includes('*')) ? 'StringLike' : 'StringEquals';
  const conditions: Record<string, Record<string, string | string[]>> = { StringEquals: { [`${issuer}:aud`]: AUDIENCE } };
  conditions[comparison] = { ...conditions[comparison], [`${issuer}:sub`]: accepted };
  return new iam.WebIdentityPrincipal(providerArn, conditions);
}

function issuerOf({ issuer, provider }: TrustOptions): string {
  const known = provider && urlOf(provider);
  if (issuer === undefined) {
    if (provider && !known) throw new Error('provider: its URL is not known at synthesis, but the conditions of the role need it: pass issuer');
    return known ?? GITHUB_COM;
  }
  const host = withoutScheme(issuer);
  if (!ISSUER.test(host)) throw new Error(`issuer ${shown(issuer)} is not the URL of an OIDC provider, such as "https://${GITHUB_COM}"`);
  if (known && known !== host) throw new Error(`issuer ${shown(issuer)} does not match the provider, whose issuer is "https://${known}": leave issuer out`);
  return host;
}

/** URL of a provider without its scheme, if it is known at synthesis. */
function urlOf(provider: iam.IOidcProvider): string | undefined {
  const { defaultChild } = provider.node;
  const isOurs = defaultChild && CfnResource.isCfnResource(defaultChild)
    && defaultChild.cfnResourceType === iam.CfnOIDCProvider.CFN_RESOURCE_TYPE_NAME;
  const url = isOurs ? (defaultChild as iam.CfnOIDCProvider).url : provider.oidcProviderIssuer;
  return url === undefined || Token.isUnresolved(url) ? undefined : withoutScheme(url);
}

function withoutScheme(url: string): string {
  return url.replace(/^https:\/\//, '').replace(/\/+$/, '');
}
