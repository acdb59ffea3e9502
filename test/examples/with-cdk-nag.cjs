// Loaded before the app of an example to check it with cdk-nag without changes to the example itself.
const { App, Aspects } = require('aws-cdk-lib');
const { AwsSolutionsChecks, NagReportFormat } = require('cdk-nag');

const { synth } = App.prototype;
App.prototype.synth = function (...args) {
  Aspects.of(this).add(new AwsSolutionsChecks({ reports: true, reportFormats: [NagReportFormat.JSON] }));
  return synth.apply(this, args);
};
