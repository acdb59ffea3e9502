import { GuardedFargateService, ImageGuard } from '@org/phased-fargate';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';

/** Two services that communicate through Service Connect. The shop calls the orders service at `http://orders`. */
export class Mesh extends Construct {
  constructor(scope: Construct, id: string, { guard, cluster }: { guard: ImageGuard; cluster: ecs.ICluster }) {
    super(scope, id);
    // AWS recommends 256 more CPU units and 64 MiB more memory for the proxy of Service Connect.
    const size = { cpu: 512, memoryLimitMiB: 1024 };
    const orders = new GuardedFargateService(this, 'Orders', { guard, cluster, ...size, containerPort: 80 });
    // By default, the discovery name is `app` for each service, and it must be unique in the namespace.
    orders.ecsService.enableServiceConnect({ services: [{ portMappingName: 'app', discoveryName: 'orders', dnsName: 'orders', port: 80 }] });

    const shop = new GuardedFargateService(this, 'Shop', { guard, cluster, ...size, environment: { ORDERS_URL: 'http://orders' } });
    shop.ecsService.enableServiceConnect();

    // Service Connect only routes requests. The security group must still allow them.
    orders.connections.allowDefaultPortFrom(shop);
    // A task knows only the names that exist when it starts, so the shop must wait for the orders service. The dependency is
    // between the ECS services only, because the security groups refer to each other.
    shop.ecsService.node.findChild('Service').node.addDependency(orders.ecsService.node.findChild('Service'));
  }
}
