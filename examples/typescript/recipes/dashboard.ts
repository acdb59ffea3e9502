import { GuardedFargateService } from '@org/phased-fargate';
import { DefaultDashboardFactory, MonitoringFacade } from 'cdk-monitoring-constructs';
import { Construct } from 'constructs';

/** A dashboard from a library that accepts constructs of aws-cdk-lib, such as `ecsService`. */
export class Dashboard extends Construct {
  constructor(scope: Construct, id: string, { service }: { service: GuardedFargateService }) {
    super(scope, id);
    const facade = new MonitoringFacade(this, 'Monitoring', {
      dashboardFactory: new DefaultDashboardFactory(this, 'Dashboards', { dashboardNamePrefix: 'recipes' }),
    });
    facade.monitorSimpleFargateService({ fargateService: service.ecsService, humanReadableName: 'Observed' });
  }
}
