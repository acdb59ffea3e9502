import { Token } from 'aws-cdk-lib';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as route53 from 'aws-cdk-lib/aws-route53';
import * as targets from 'aws-cdk-lib/aws-route53-targets';
import { Construct } from 'constructs';
import { LoadBalancerIngressOptions } from './ingress-options';
import { isKnown } from '../private/validation';

const { IPV4, DUAL_STACK_WITHOUT_PUBLIC_IPV4 } = elbv2.IpAddressType;

export function* faultsOfDomain({ domainName, domainZone }: LoadBalancerIngressOptions): Generator<string> {
  if (domainName !== undefined && !domainZone) {
    yield `domainName${Token.isUnresolved(domainName) ? '' : ` ${domainName}`} needs a domainZone`;
  }
  if (domainZone && domainName === undefined) {
    yield `domainZone ${domainZone.node.path} needs a domainName`;
  }
  if (domainName === undefined || !domainZone) return;

  const zoneName = nameOf(domainZone);
  if (zoneName === undefined) {
    yield `domainZone ${domainZone.node.path} has no zone name: use HostedZone.fromHostedZoneAttributes or HostedZone.fromLookup`;
  } else if (isKnown(zoneName) && isKnown(domainName) && !isWithin(domainName, zoneName)) {
    // Otherwise, the record would get an unintended name within the zone.
    yield `domainName ${domainName} is not in domainZone ${zoneName}: pass a full name, such as api.${zoneName}`;
  }
}

/** Adds one record for each address type that clients can use. */
export function addDnsRecords(
  scope: Construct, loadBalancer: elbv2.ApplicationLoadBalancer, { domainName, domainZone, ipAddressType = IPV4 }: LoadBalancerIngressOptions,
): void {
  if (!domainZone) return;
  const record = {
    zone: domainZone,
    recordName: domainName,
    target: route53.RecordTarget.fromAlias(new targets.LoadBalancerTarget(loadBalancer)),
  };
  if (ipAddressType !== DUAL_STACK_WITHOUT_PUBLIC_IPV4) new route53.ARecord(scope, 'DnsRecord', record);
  if (ipAddressType !== IPV4) new route53.AaaaRecord(scope, 'Ipv6DnsRecord', record);
}

function nameOf(zone: route53.IHostedZone): string | undefined {
  try {
    return zone.zoneName;
  } catch {
    // aws-cdk-lib throws an error if it knows only the ID of the zone.
    return undefined;
  }
}

function isWithin(domainName: string, zoneName: string): boolean {
  const [name, zone] = [domainName, zoneName].map((each) => each.toLowerCase().replace(/\.$/, ''));
  return name === zone || name.endsWith(`.${zone}`);
}
