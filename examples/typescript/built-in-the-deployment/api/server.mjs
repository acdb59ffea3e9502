import { createServer } from 'node:http';

createServer((_, response) => response.end('Hello from the first release\n')).listen(8080);
