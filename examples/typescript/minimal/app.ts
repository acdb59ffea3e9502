import { PhasedFargateService } from '@org/phased-fargate';
import { App, Stack } from 'aws-cdk-lib';

const app = new App();
const stack = new Stack(app, 'FargateStack');
new PhasedFargateService(stack, 'Api');
