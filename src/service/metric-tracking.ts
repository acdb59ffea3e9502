import { Names } from 'aws-cdk-lib';
import * as appscaling from 'aws-cdk-lib/aws-applicationautoscaling';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';
import { checkPlace } from './account-and-region';
import { invalid } from '../private/validation';

const SEARCH = /\bSEARCH *\(/;

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
      customizedMetricSpecification: { metrics: queries(props.metric) },
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
 * @throws if a metric is known to be in another account or region; if it uses a search expression, which scaling policies
 * do not support
 * @see
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-applicationautoscaling-scalingpolicy-targettrackingmetricstat.html
 */
export function checkTrackedMetric(scope: Construct, name: string, metric: cloudwatch.IMetric): void {
  const { mathExpression, metricStat, searchExpression } = metric.toMetricConfig();
  if (searchExpression || SEARCH.test(mathExpression?.expression ?? '')) {
    throw invalid(scope, `${name} uses a search expression, which scaling policies do not support: pass the metrics in usingMetrics of a MathExpression`);
  }
  if (metricStat) checkPlace(scope, name, `${metricStat.namespace}/${metricStat.metricName}`, metricStat);
  for (const operand of Object.values(mathExpression?.usingMetrics ?? {})) checkTrackedMetric(scope, name, operand);
}

type Query = appscaling.CfnScalingPolicy.TargetTrackingMetricDataQueryProperty;

/** Lists a metric once, even if several expressions use it, because AWS refuses duplicate IDs. aws-cdk-lib refuses an ID for two metrics. */
function queries(metric: cloudwatch.IMetric): Query[] {
  const operands = new Map<string, Query>();
  addOperands(metric, operands);
  let id = 'target';
  while (operands.has(id)) id += '_';
  return [...operands.values(), queryOf(id, metric, true)];
}

function addOperands(metric: cloudwatch.IMetric, queriesById: Map<string, Query>): void {
  for (const [id, operand] of Object.entries(metric.toMetricConfig().mathExpression?.usingMetrics ?? {})) {
    addOperands(operand, queriesById);
    queriesById.set(id, queryOf(id, operand, false));
  }
}

function queryOf(id: string, metric: cloudwatch.IMetric, returnData: boolean): Query {
  const { mathExpression, metricStat } = metric.toMetricConfig();
  if (mathExpression) return { id, expression: mathExpression.expression, returnData };
  const { namespace, metricName, dimensions, statistic: stat, unitFilter: unit } = metricStat!;
  return { id, metricStat: { metric: { namespace, metricName, dimensions }, stat, unit }, returnData };
}
