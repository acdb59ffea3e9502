import { GuardedFargateService, ImageGuard, Ingress } from '@org/phased-fargate';
import { CfnOutput } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpAlbIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as origins from 'aws-cdk-lib/aws-cloudfront-origins';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';

const SECRET_HEADER = 'X-Origin-Secret';

/** A service behind API Gateway, and one behind CloudFront. Clients cannot bypass them. */
export class Edge extends Construct {
  constructor(scope: Construct, id: string, { guard, cluster }: { guard: ImageGuard; cluster: ecs.ICluster }) {
    super(scope, id);
    this.behindApiGateway(guard, cluster);
    this.behindCloudFront(guard, cluster);
  }

  private behindApiGateway(guard: ImageGuard, cluster: ecs.ICluster): void {
    const api = new GuardedFargateService(this, 'Api', { guard, cluster, ingress: Ingress.internalOnly({ openListener: false }) });
    const securityGroup = new ec2.SecurityGroup(this, 'VpcLinkGroup', { vpc: cluster.vpc });
    const vpcLink = new apigateway.VpcLink(this, 'VpcLink', { vpc: cluster.vpc, securityGroups: [securityGroup] });
    api.loadBalancer!.connections.allowFrom(securityGroup, ec2.Port.tcp(80));
    const { apiEndpoint } = new apigateway.HttpApi(this, 'HttpApi', {
      defaultIntegration: new HttpAlbIntegration('Integration', api.listener!, { vpcLink }),
    });
    new CfnOutput(this, 'HttpApiUrl', { value: apiEndpoint });
  }

  private behindCloudFront(guard: ImageGuard, cluster: ecs.ICluster): void {
    const secret = new secretsmanager.Secret(this, 'OriginSecret', { generateSecretString: { excludePunctuation: true, passwordLength: 32 } });
    // This is a dynamic reference, so the template does not contain the value.
    const value = secret.secretValue.unsafeUnwrap();

    const shop = new GuardedFargateService(this, 'Shop', {
      guard,
      cluster,
      ingress: Ingress.internetFacing({ conditions: [elbv2.ListenerCondition.httpHeader(SECRET_HEADER, [value])] }),
    });
    const { distributionDomainName } = new cloudfront.Distribution(this, 'Distribution', {
      defaultBehavior: {
        origin: new origins.LoadBalancerV2Origin(shop.loadBalancer!, {
          // Use HTTPS_ONLY if the load balancer has a certificate.
          protocolPolicy: cloudfront.OriginProtocolPolicy.HTTP_ONLY,
          customHeaders: { [SECRET_HEADER]: value },
        }),
        viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
        cachePolicy: cloudfront.CachePolicy.USE_ORIGIN_CACHE_CONTROL_HEADERS_QUERY_STRINGS,
        originRequestPolicy: cloudfront.OriginRequestPolicy.ALL_VIEWER,
        allowedMethods: cloudfront.AllowedMethods.ALLOW_ALL,
      },
    });
    new CfnOutput(this, 'DistributionUrl', { value: `https://${distributionDomainName}` });
  }
}
