import { Names } from 'aws-cdk-lib';
import * as appscaling from 'aws-cdk-lib/aws-applicationautoscaling';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';
import { checkPlace } from './account-and-region';

/**
 * Keeps a metric near its target by changing the number of tasks. Supports metric math, which the L2 of aws-cdk-lib refuses.
 *
 * @see
 * https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-target-tracking-metric-math.html
 */
export function trackMetric(tasks: ecs.ScalableTaskCount, id: string, props: ecs.TrackCustomMetricProps): void {
  if (!props.metric.toMetricConfig().mathExpression) {
    tasks.scaleToTrackCustomMetric(id, props);
    return;
  }
  const policy = new Construct(tasks, id);
  const { scalableTargetId } = tasks.node.findChild('Target') as appscaling.ScalableTarget;
  new appscaling.CfnScalingPolicy(policy, 'Resource', {
    policyName: props.policyName ?? Names.uniqueId(policy),
    policyType: 'TargetTrackingScaling',
    scalingTargetId: scalableTargetId,
    targetTrackingScalingPolicyConfiguration: {
      customizedMetricSpecification: { metrics: queries('target', props.metric, true) },
      targetValue: props.targetValue,
      disableScaleIn: props.disableScaleIn,
      scaleInCooldown: props.scaleInCooldown?.toSeconds(),
      scaleOutCooldown: props.scaleOutCooldown?.toSeconds(),
    },
  });
}

/**
 * In CloudFormation, a tracked metric has no account and no region. A metric from another account or region would have no
 * data.
 *
 * @throws if a metric is known to be in another account or region
 * @see
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-applicationautoscaling-scalingpolicy-targettrackingmetricstat.html
 */
export function checkPlaceOfMetric(scope: Construct, name: string, metric: cloudwatch.IMetric): void {
  const { mathExpression, metricStat } = metric.toMetricConfig();
  if (metricStat) checkPlace(scope, name, `${metricStat.namespace}/${metricStat.metricName}`, metricStat);
  for (const operand of Object.values(mathExpression?.usingMetrics ?? {})) checkPlaceOfMetric(scope, name, operand);
}

function queries(id: string, metric: cloudwatch.IMetric, returnData = false): appscaling.CfnScalingPolicy.TargetTrackingMetricDataQueryProperty[] {
  const { mathExpression, metricStat } = metric.toMetricConfig();
  if (mathExpression) {
    const operands = Object.entries(mathExpression.usingMetrics).flatMap(([name, operand]) => queries(name, operand));
    return [...operands, { id, expression: mathExpression.expression, returnData }];
  }
  const { namespace, metricName, dimensions, statistic: stat, unitFilter: unit } = metricStat!;
  return [{ id, metricStat: { metric: { namespace, metricName, dimensions }, stat, unit }, returnData }];
}
