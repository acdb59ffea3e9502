import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Construct } from 'constructs';
import { ImageGuard, ImageGuardOptions, ImageVersion } from '../../src';

/** An arbitrary guard, whose registry is irrelevant. */
export function anyGuard(scope: Construct, options: ImageGuardOptions = {}, id = 'Guard'): ImageGuard {
  const registry = ecr.Repository.fromRepositoryName(scope, `${id}Images`, 'app-mp');
  return new ImageGuard(scope, id, { registry, imageVersion: ImageVersion.tag('v1'), ...options });
}

/** The properties of the first guard in a stack. */
export function guardProperties(stack: Stack): any {
  const [{ Properties }] = Object.values(Template.fromStack(stack).findResources('Custom::ImageGuard'));
  return Properties;
}
