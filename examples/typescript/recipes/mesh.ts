import { GuardedFargateService, ImageGuard } from '@org/phased-fargate';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';

/** Two services that talk by Service Connect: `http://orders` is the name of one for the other. */
export class Mesh extends Construct {
  constructor(scope: Construct, id: string, { guard, cluster }: { guard: ImageGuard; cluster: ecs.ICluster }) {
    super(scope, id);
    const orders = new GuardedFargateService(this, 'Orders', { guard, cluster, containerPort: 80 });
    orders.ecsService.enableServiceConnect({ services: [{ portMappingName: 'app', dnsName: 'orders', port: 80 }] });

    const shop = new GuardedFargateService(this, 'Shop', { guard, cluster, environment: { ORDERS_URL: 'http://orders' } });
    shop.ecsService.enableServiceConnect();

    // Service Connect routes requests, and security groups still decide who may send them.
    orders.connections.allowDefaultPortFrom(shop);
    // A service finds only the names that exist when its tasks start. The resources themselves: the security groups refer to each other.
    shop.ecsService.node.findChild('Service').node.addDependency(orders.ecsService.node.findChild('Service'));
  }
}
