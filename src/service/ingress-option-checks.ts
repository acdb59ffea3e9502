import { isIPv4, isIPv6 } from 'node:net';
import { Duration, Token } from 'aws-cdk-lib';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { IngressTargetOptions } from './ingress-options';
import { anyFlag, anyNumber, anyText, durationIn, instance, isRecord, Kinds, listOf, structOf } from '../private/option-kinds';
import { durationOutside, isKnown, outside, shown } from '../private/validation';

/** Limits for all conditions of a rule together. Some accounts allow only 5 wildcards. */
const MOST_VALUES = 5;
const MOST_WILDCARDS = 6;
const WILDCARD = /(?<!\\)[*?]/g;
const LONGEST_VALUE = 128;
const ASCII = /^[ -~]*$/;
const LONGEST_HEADER_NAME = 40;
const HEADER_NAME = /^[\w!#$%&'+.^`|~-]+$/;

/** A host name that contains a dot, or a wildcard that can match a dot. */
const HOST_PATTERN = /^(?=.*[.*?])[\w.*?-]+$/;
const PATH_PATTERN = /^[/*?]/;

/** The factory of `elbv2.ListenerCondition` for each field. Users know the condition by this name. */
const FACTORIES: Record<string, string> = {
  'host-header': 'hostHeaders',
  'http-header': 'httpHeader',
  'http-request-method': 'httpRequestMethods',
  'path-pattern': 'pathPatterns',
  'query-string': 'queryStrings',
  'source-ip': 'sourceIps',
};

/** Default timeout of an HTTP health check. */
const DEFAULT_TIMEOUT_SECONDS = 5;

const LEAST_HTTP_CODE = 200;
const MOST_HTTP_CODE = 499;
const METHOD = /^[A-Z_-]{1,40}$/;

export const TARGET_OPTION_KINDS: Kinds<IngressTargetOptions> = {
  healthCheck: structOf({}, {
    enabled: anyFlag,
    interval: durationIn('seconds'),
    timeout: durationIn('seconds'),
    path: anyText,
    port: anyText,
    protocol: anyText,
    healthyHttpCodes: anyText,
    healthyGrpcCodes: anyText,
    healthyThresholdCount: anyNumber,
    unhealthyThresholdCount: anyNumber,
  }),
  deregistrationDelay: durationIn('seconds'),
  slowStart: durationIn('seconds'),
  stickinessCookieDuration: durationIn('seconds'),
  conditions: listOf(instance('an elbv2.ListenerCondition', 'renderRawCondition')),
};

/**
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Matcher.html
 */
export function* faultsOfTargets(options: IngressTargetOptions): Generator<string> {
  yield* faultsOfTimes(options, [
    ['deregistrationDelay', 0, 3_600], ['slowStart', 30, 900], ['stickinessCookieDuration', 1, Duration.days(7).toSeconds()],
  ]);
  const { healthCheck } = options;
  if (!healthCheck) return;

  yield* faultsOfTimes(healthCheck, [['interval', 5, 300], ['timeout', 2, 120]], 'healthCheck.');
  for (const name of ['healthyThresholdCount', 'unhealthyThresholdCount'] as const) {
    const count = healthCheck[name];
    if (count !== undefined && outside(count, 2, 10)) yield `healthCheck.${name} ${count} is not a whole number from 2 to 10`;
  }
  const { interval, timeout, path, port, protocol, healthyGrpcCodes, healthyHttpCodes } = healthCheck;
  if (interval && timeout && !interval.isUnresolved() && !timeout.isUnresolved() && timeout.toSeconds() >= interval.toSeconds()) {
    yield `healthCheck.timeout ${timeout.toHumanString()} is not less than healthCheck.interval ${interval.toHumanString()}`;
  }
  if (interval && !interval.isUnresolved() && !timeout && interval.toSeconds() <= DEFAULT_TIMEOUT_SECONDS) {
    yield `healthCheck.interval ${interval.toHumanString()} is not longer than the default timeout of ${DEFAULT_TIMEOUT_SECONDS} seconds: ` +
      'pass a shorter healthCheck.timeout';
  }
  if (path !== undefined && isKnown(path) && !path.startsWith('/')) {
    yield `healthCheck.path "${path}" does not begin with a slash`;
  }
  if (protocol !== undefined && !['HTTP', 'HTTPS'].includes(protocol)) {
    yield `healthCheck.protocol ${protocol} is not HTTP or HTTPS`;
  }
  if (port !== undefined && isKnown(port) && port !== 'traffic-port' && !(/^\d+$/.test(port) && !outside(Number(port), 1, 65_535))) {
    yield `healthCheck.port "${port}" is not a port: pass "traffic-port" or 1 to 65535`;
  }
  if (healthyHttpCodes !== undefined && isKnown(healthyHttpCodes) && !healthyHttpCodes.split(',').every(isCodeOrRange)) {
    yield `healthCheck.healthyHttpCodes "${healthyHttpCodes}" is not a list of HTTP codes from ${LEAST_HTTP_CODE} to ${MOST_HTTP_CODE}: ` +
      'pass codes and ranges, such as "200,301-302"';
  }
  if (healthyGrpcCodes !== undefined) {
    yield `healthCheck.healthyGrpcCodes ${shown(healthyGrpcCodes)} needs gRPC, but the load balancer speaks HTTP to the tasks: pass healthyHttpCodes`;
  }
  if (healthCheck.enabled === false) {
    yield 'healthCheck.enabled false is not possible: a load balancer always checks IP targets';
  }
}

function isCodeOrRange(text: string): boolean {
  const [, first, last = first] = /^\s*(\d{3})(?:-(\d{3}))?\s*$/.exec(text) ?? [];
  return Number(first) >= LEAST_HTTP_CODE && Number(last) <= MOST_HTTP_CODE && first <= last;
}

export function* faultsOfTimes<K extends string>(
  options: { readonly [name in K]?: Duration }, bounds: readonly (readonly [K, number, number])[], prefix = '',
): Generator<string> {
  for (const [name, min, max] of bounds) {
    const duration = options[name];
    if (duration && durationOutside('seconds', duration, min, max)) {
      yield `${prefix}${name} ${duration.toHumanString()} is not a whole number of seconds from ${min} to ${max}`;
    }
  }
}

/**
 * Checks the conditions of a rule.
 *
 * @param names names of the options for the error
 * @param hosts host patterns, which also count as conditions
 * @param paths path patterns, which also count as conditions
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
 */
export function* faultsOfConditions(
  names: string, conditions: elbv2.ListenerCondition[], hosts: string[] = [], paths: string[] = [],
): Generator<string> {
  const rendered = conditions.map((condition) => condition.renderRawCondition());
  const patterns: unknown[] = [...hosts, ...paths, ...rendered.flatMap(patternsOf)];
  const values = [...patterns, ...rendered.flatMap(regularExpressionsOf)];
  if (values.length > MOST_VALUES) {
    yield `${names} have ${values.length} values (${values.map(shownValue).join(', ')}): a listener rule allows ${MOST_VALUES}`;
  }
  const wildcards = knownTexts(patterns).join(' ').match(WILDCARD) ?? [];
  if (wildcards.length > MOST_WILDCARDS) yield `${names} have ${wildcards.length} wildcards: a listener rule allows ${MOST_WILDCARDS}`;
  for (const text of knownTexts(values)) {
    if (text.length < 1 || text.length > LONGEST_VALUE) yield `${names} have the value "${text}": pass 1 to ${LONGEST_VALUE} characters`;
    if (!ASCII.test(text)) yield `${names} have the value "${text}", which matches no request: pass only printable ASCII characters`;
  }
  yield* faultsOfValues('hostPatterns', 'host-header', hosts);
  yield* faultsOfValues('pathPatterns', 'path-pattern', paths);
  for (const condition of rendered) {
    const { field, httpHeaderConfig } = condition;
    const name = `conditions: ${FACTORIES[field] ?? field}`;
    if (patternsOf(condition).length + regularExpressionsOf(condition).length === 0) yield `${name} has no values: pass at least one`;
    if (httpHeaderConfig) yield* faultsOfHeaderName(name, httpHeaderConfig.httpHeaderName);
    yield* faultsOfValues(name, field, patternsOf(condition));
  }
  const fields: string[] = [
    ...(hosts.length > 0 ? ['host-header'] : []),
    ...(paths.length > 0 ? ['path-pattern'] : []),
    ...rendered.map(({ field }) => field).filter((field) => !['http-header', 'query-string'].includes(field)),
  ];
  const twice = fields.find((field, index) => fields.indexOf(field) !== index);
  if (twice !== undefined) yield `${names} contain more than one ${twice} condition: combine the values in one condition`;
}

/**
 * @param name of the option or of the condition
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_HostHeaderConditionConfig.html
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_PathPatternConditionConfig.html
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_SourceIpConditionConfig.html
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_HttpRequestMethodConditionConfig.html
 */
function* faultsOfValues(name: string, field: string, all: unknown[]): Generator<string> {
  // If a list is a token, its elements do not look like tokens.
  const known = Token.isUnresolved(all) ? [] : all.filter(isKnown);
  const twice = known.map((value) => JSON.stringify(value)).find((value, index, values) => values.indexOf(value) !== index);
  if (twice !== undefined) yield `${name} lists ${twice} twice`;
  for (const value of known.filter((each) => typeof each === 'string')) {
    if (field === 'host-header' && !HOST_PATTERN.test(value)) {
      yield `${name} "${value}" is not a host name: pass letters, digits, and hyphens, with a dot or wildcard, such as *.example.com`;
    }
    if (field === 'path-pattern' && !PATH_PATTERN.test(value)) {
      yield `${name} "${value}" matches no path: begin it with a slash or a wildcard, such as /orders/*`;
    }
    if (field === 'source-ip' && !isCidr(value)) {
      yield `${name} "${value}" is not a CIDR block: pass an address with a prefix length, such as 10.0.0.1/32`;
    }
    if (field === 'http-request-method' && !METHOD.test(value)) {
      yield `${name} "${value}" is not a method: pass 1 to 40 uppercase letters, hyphens, and underscores`;
    }
  }
}

/**
 * An HTTP token without wildcards. The Host header has a separate condition.
 *
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_HttpHeaderConditionConfig.html
 */
function* faultsOfHeaderName(name: string, header: unknown): Generator<string> {
  if (typeof header !== 'string' || !isKnown(header)) return;
  if (!HEADER_NAME.test(header) || header.length > LONGEST_HEADER_NAME) {
    yield `${name} "${header}" is not the name of a header: pass 1 to ${LONGEST_HEADER_NAME} letters, digits, and hyphens`;
  }
  if (header.toLowerCase() === 'host') yield `${name} "${header}" cannot match the host: pass a hostHeaders condition`;
}

/** Returns the values of a rendered condition that can contain wildcards. The values of a query string are objects. */
function patternsOf(condition: any): unknown[] {
  return valuesOf(condition, 'values');
}

/** aws-cdk-lib has no factory for conditions with regular expressions, but users can implement such conditions. */
function regularExpressionsOf(condition: any): unknown[] {
  return valuesOf(condition, 'regexValues');
}

/** In a rendered condition, the values are in a nested object such as `pathPatternConfig`, or in the condition itself. */
function valuesOf(condition: any, property: 'values' | 'regexValues'): unknown[] {
  const lists = [condition, ...Object.values<any>(condition)].filter(isRecord).map((config) => config[property] ?? []);
  return lists.flatMap((list) => Token.isUnresolved(list) ? [list] : list);
}

function knownTexts(values: unknown[]): string[] {
  return values.flatMap((value) => isRecord(value) ? Object.values(value) : [value])
    .filter((text): text is string => typeof text === 'string' && isKnown(text));
}

function isCidr(text: string): boolean {
  const [, address, length] = /^([^/]*)\/(\d+)$/.exec(text) ?? [];
  return address !== undefined && ((isIPv4(address) && Number(length) <= 32) || (isIPv6(address) && Number(length) <= 128));
}

function shownValue(value: unknown): string {
  if (Token.isUnresolved(value)) return 'a token';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
