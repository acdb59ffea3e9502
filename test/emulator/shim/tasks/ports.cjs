// Loaded into Node.js if tasks share the network of this machine: the program appears to get the port that it requests, and
// the real port is recorded for the load balancer.
const { appendFileSync } = require('node:fs');
const { Server } = require('node:net');

const { listen } = Server.prototype;

Server.prototype.listen = function (...args) {
  const options = typeof args[0] === 'object' && args[0] !== null ? args[0] : { port: args[0] };
  const asked = Number(options.port);
  if (!Number.isInteger(asked) || asked <= 0) return listen.apply(this, args);
  this.prependOnceListener('listening', () => appendFileSync(process.env.SHIM_PORTS, `${JSON.stringify([asked, this.address().port])}\n`));
  return listen.call(this, { host: '127.0.0.1', port: 0 }, ...args.filter((arg) => typeof arg === 'function'));
};
